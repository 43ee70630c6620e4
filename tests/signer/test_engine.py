"""What we know of c2pa-python 0.38.1, one fact a test: an upgrade that changes one fails here.

The facts are those of the design's section 5 that concern signing, and some found since.
"""

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import c2pa
import pytest

from ledger.asset import JPEG, MOV, MP4
from signer import DevelopmentChain, EngineError, PemClaimSigner, build_manifest
from signer import _c2pa as engine
from signer.certificates import CLAIM_SIGNING
from tests import media

from .conftest import CAPTURE, Sign
from .test_certificates import Leaf

DEFINITION = build_manifest(
    title="", media_type=JPEG, actions=CAPTURE.history(parent=False), version="0"
)


def report_of(path: Path, settings: dict[str, Any], media_type: str = "image/jpeg") -> Any:
    context = c2pa.Context.from_dict(settings)
    with path.open("rb") as file, c2pa.Reader(media_type, file, context=context) as reader:
        return json.loads(reader.json())


def state_of(path: Path, settings: dict[str, Any], media_type: str = "image/jpeg") -> str:
    return str(report_of(path, settings, media_type)["validation_state"])


def test_the_version_is_the_one_that_these_facts_are_about() -> None:
    from importlib.metadata import version

    assert version("c2pa-python") == "0.38.1"
    assert c2pa.sdk_version() == "0.91.3"


def test_every_type_that_we_embed_into_is_one_that_the_engine_can_write() -> None:
    assert {each.name for each in engine.EMBEDDABLE} <= set(c2pa.Builder.get_supported_mime_types())


@pytest.mark.parametrize("kind", ["cawg", "tsa"])
def test_trust_kinds_are_pooled(
    kind: str, photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    """A root that is listed for something else vouches for claim signers: so we list only ours."""
    signed = sign(photograph, tmp_path / "signed.jpg").path
    anchors = {"trust_kind": kind, "trust_uri": "urn:x", "trust_anchors": chain.root}
    assert state_of(signed, {"trust": {"anchors": [anchors]}}) == "Trusted"
    assert state_of(signed, {"version": 1}) == "Valid"
    [ours] = engine.engine_settings(chain.root)["trust"]["anchors"]  # type: ignore[index]  # (JSON)
    assert ours["trust_kind"] == "manifest"


def test_a_claim_signing_leaf_is_invalid_unless_the_global_list_has_its_purpose(
    photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    leaf = Leaf(purposes=(CLAIM_SIGNING,))
    root, certificates = leaf.issue()
    signer = PemClaimSigner(certificates, leaf.key)  # type: ignore[arg-type]  # (it is P-256)
    signed = sign(photograph, tmp_path / "s.jpg", signer=signer, trust_anchors=root).path
    settings: dict[str, Any] = engine.engine_settings(root)
    assert state_of(signed, settings) == "Trusted"
    del settings["trust"]["trust_config"]
    assert state_of(signed, settings) == "Invalid"


@contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """Listen on the loopback interface, and keep the first line of whatever is asked."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    heard.append(connection.recv(1000).split(b"\r\n")[0])
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa", heard
        finally:
            done.set()
            thread.join()


def test_the_default_reader_fetches_what_a_file_names_and_ours_never_does(
    photograph: Path,
    sign: Sign,
    claim_signer: PemClaimSigner,
    chain: DevelopmentChain,
    tmp_path: Path,
) -> None:
    with listener() as (url, heard):
        remote = tmp_path / "remote.jpg"
        builder = c2pa.Builder.from_json(json.dumps(DEFINITION))
        builder.set_no_embed()
        builder.set_remote_url(url)
        signer = c2pa.Signer.from_callback(
            claim_signer.sign, c2pa.C2paSigningAlg.ES256, chain.certificate_chain
        )
        with photograph.open("rb") as source, remote.open("w+b") as destination:
            builder.sign(signer, "image/jpeg", source, destination)

        with pytest.raises(EngineError, match="must fetch remote manifests"):
            engine.read(remote, JPEG, chain.root)
        with pytest.raises(Exception, match="no manifest can be read"):
            sign(remote, tmp_path / "signed.jpg")
        assert heard == []

        with pytest.raises(c2pa.C2paError):  # the control: this listener can be reached
            state_of(remote, {"version": 1})
        assert heard == [b"GET /manifest.c2pa HTTP/1.1"]


@pytest.mark.parametrize(
    "settings",
    [
        {"verify": {"remote_manifest_fetchh": False}},
        {"cawg_trust": {"trust_anchors": ""}},
        {"bogus": {}},
        {"core": {"merkle_tree_chunk_size_in_kbs": 1}},
    ],
)
def test_a_setting_that_the_engine_does_not_know_it_ignores_and_we_refuse(
    settings: dict[str, Any],
) -> None:
    c2pa.Context.from_dict(settings)
    with pytest.raises(EngineError, match="has no setting"):
        engine.check_settings(settings)


def appended(path: Path, kind: bytes) -> None:
    hidden = b"hidden" * 100
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(hidden), kind) + hidden)


@pytest.mark.parametrize("kind", [b"free", b"skip"])
def test_a_box_that_players_skip_cannot_be_added(
    kind: bytes, files: dict[str, Path], sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    signed = sign(files["mp4"], tmp_path / "signed.mp4").path
    appended(signed, kind)
    read = engine.read(signed, MP4, chain.root)
    assert read is not None
    assert read.state is engine.State.INVALID


def test_by_default_the_engine_lets_such_a_box_pass(
    files: dict[str, Path], claim_signer: PemClaimSigner, chain: DevelopmentChain, tmp_path: Path
) -> None:
    """Why `bmff_hash_exclude_free_and_skip_boxes` is set: without it, this reads Trusted."""
    settings: dict[str, Any] = engine.engine_settings(chain.root)
    del settings["builder"]["bmff_hash_exclude_free_and_skip_boxes"]
    builder = c2pa.Builder.from_json(json.dumps(DEFINITION), c2pa.Context.from_dict(settings))
    signer = c2pa.Signer.from_callback(
        claim_signer.sign, c2pa.C2paSigningAlg.ES256, chain.certificate_chain
    )
    signed = tmp_path / "signed.mp4"
    with files["mp4"].open("rb") as source, signed.open("w+b") as destination:
        builder.sign(signer, "video/mp4", source, destination)
    appended(signed, b"free")
    assert state_of(signed, settings, "video/mp4") == "Trusted"


def test_claims_are_version_two_and_there_is_no_thumbnail(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    signed = sign(photograph, tmp_path / "signed.jpg")
    report = report_of(signed.path, engine.engine_settings(chain.root))
    manifest = report["manifests"][signed.label]
    assert manifest["claim_version"] == 2
    assert "thumbnail" not in manifest
    assert b"c2pa.claim.v2" in signed.path.read_bytes()


def test_one_media_data_box_is_hashed_in_blocks(
    files: dict[str, Path], sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    for ending in ("mp4", "mov", "m4a", "heic", "avif"):
        signed = sign(files[ending], tmp_path / f"signed.{ending}").path
        assert b"fixedBlockSize" in signed.read_bytes()
    assert engine.engine_settings(chain.root, block=1024)["core"] == {
        "allowed_network_hosts": [],
        "merkle_tree_chunk_size_in_kb": 1024,
        "merkle_tree_max_proofs": 0,
    }


@pytest.mark.parametrize(
    ("size", "block"),
    [
        (0, 16),
        (4 << 20, 16),
        ((4 << 20) + 1, 32),
        (100 << 20, 512),
        (1 << 30, 1024),
        (9 << 40, 1024),
    ],
)
def test_blocks_are_as_small_as_a_manifest_of_some_kilobytes_allows(size: int, block: int) -> None:
    """A changed byte is told to within a block: some tenths of a second of an ordinary clip."""
    assert engine.block_size(size) == block


def test_several_media_data_boxes_in_chunks_read_now_trusted_now_invalid(
    claim_signer: PemClaimSigner, chain: DevelopmentChain, tmp_path: Path
) -> None:
    """The engine's fault, and why we hash such files whole: forty readings of one file disagree."""
    settings: dict[str, Any] = engine.engine_settings(chain.root, block=1024)
    builder = c2pa.Builder.from_json(json.dumps(DEFINITION), c2pa.Context.from_dict(settings))
    signer = c2pa.Signer.from_callback(
        claim_signer.sign, c2pa.C2paSigningAlg.ES256, chain.certificate_chain
    )
    signed = tmp_path / "signed.mp4"
    source = BytesIO(media.clip_with_sound(tmp_path).read_bytes())
    with signed.open("w+b") as destination:
        builder.sign(signer, "video/mp4", source, destination)
    states = Counter(state_of(signed, settings, "video/mp4") for _ in range(40))
    assert states.keys() == {"Trusted", "Invalid"}


@pytest.mark.parametrize("fragmented", [False, True])
def test_several_media_data_boxes_signed_by_us_read_trusted_every_time(
    fragmented: bool, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    source = media.clip_with_sound(tmp_path)
    if fragmented:
        whole, source = source, tmp_path / "fragmented.mp4"
        flags = ("-c", "copy", "-movflags", "empty_moov", "-frag_duration", "500000")
        media.run_ffmpeg("-i", str(whole), *flags, str(source))
    signed = sign(source, tmp_path / "signed.mp4").path
    readings = [engine.read(signed, MP4, chain.root) for _ in range(40)]
    assert {each and each.state for each in readings} == {engine.State.TRUSTED}


def test_a_callbacks_own_words_are_lost_in_the_engine(
    photograph: Path, chain: DevelopmentChain
) -> None:
    def failing(_: bytes) -> bytes:
        raise ConnectionError("the token was pulled out")

    signer = c2pa.Signer.from_callback(failing, c2pa.C2paSigningAlg.ES256, chain.certificate_chain)
    with pytest.raises(c2pa.C2paError) as caught:
        c2pa.Builder.from_json(json.dumps(DEFINITION)).sign(
            signer, "image/jpeg", BytesIO(photograph.read_bytes()), BytesIO()
        )
    assert "pulled" not in str(caught.value)


def test_a_wrong_type_fools_the_engine_so_the_bytes_decide(
    photograph: Path, claim_signer: PemClaimSigner, chain: DevelopmentChain, tmp_path: Path
) -> None:
    request = engine.Request(DEFINITION, claim_signer, MOV, None, chain.root)
    with (tmp_path / "out").open("w+b") as file, pytest.raises(EngineError):
        engine.embed(photograph, file, request)


def test_no_none_of_the_engine_gets_out(photograph: Path, chain: DevelopmentChain) -> None:
    """No manifest is None from us, and only that; the engine has a None for three things."""
    assert engine.read(photograph, JPEG, chain.root) is None
    with pytest.raises(EngineError, match="lacks"):
        engine._reading({"validation_results": {"activeManifest": {"success": [], "failure": []}}})
    broken: dict[str, Any] = {
        "active_manifest": "urn:c2pa:x",
        "validation_state": None,
        "manifests": {},
        "validation_results": {"activeManifest": {"success": [], "failure": []}},
    }
    with pytest.raises(EngineError, match="lacks"):
        engine._reading(broken)
