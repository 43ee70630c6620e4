"""Read a log with aics-tlog, which shares no line with us: run by an interpreter that has it.

    python read_log.py DIR LOG-KEY [WITNESS-KEY]

Prints one JSON object: what was read, and how many flipped bits were found.
"""

import json
import sys
from pathlib import Path

from aics_tlog import (  # type: ignore[import-not-found] # installed beside us, never with us
    FileSystemTileReader,
    audit_tiles,
    consistency_proof_from_tiles,
    inclusion_proof_from_tiles,
    parse_note,
    parse_vkey,
    read_entry,
    tree_root_from_tiles,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
)


def main(folder: Path, log_key: str, witness_keys: list[str]) -> None:
    """Check the checkpoint, every tile, every entry, and proofs across the log; then damage it."""
    note = parse_note((folder / "checkpoint").read_bytes())
    keys = [parse_vkey(text) for text in witness_keys]
    result = verify_checkpoint(note, parse_vkey(log_key), keys, len(keys))
    assert result.ok, result
    size, root = result.size, result.root
    reader = FileSystemTileReader(folder)
    report = audit_tiles(reader, size, root)
    proofs = 0
    for index in range(0, size, max(size // 500, 1)):
        entry = read_entry(reader, index, size)
        path = inclusion_proof_from_tiles(reader, index, size)
        assert verify_leaf_inclusion(entry, index, size, path, root)
        old_root = tree_root_from_tiles(reader, index + 1, size)
        proof = consistency_proof_from_tiles(reader, index + 1, size)
        assert verify_consistency(index + 1, size, old_root, root, proof)
        proofs += 2
    sys.stdout.write(
        json.dumps(
            {
                "size": size,
                "tiles": report.tiles,
                "bundles": report.bundles,
                "proofs": proofs,
                "witnesses": len(keys),
                "flips_found": flip(folder, reader, size, root),
            }
        )
    )


def flip(folder: Path, reader: FileSystemTileReader, size: int, root: bytes) -> int:
    """Flip one bit in each of a few files; count how often the audit says so."""
    found = 0
    for path in sorted((folder / "tile").rglob("*"))[::60]:
        if path.is_file() and ".p" not in path.parts[-2]:
            good = path.read_bytes()
            at = len(good) // 2
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            try:
                audit_tiles(reader, size, root)
            except ValueError:
                found += 1
            finally:
                path.write_bytes(good)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
