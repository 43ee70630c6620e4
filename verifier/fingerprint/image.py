"""Fingerprints of pictures: hashes and a learnt descriptor to find, others to confirm.

Each hash has 256 bits, packed into 32 bytes, first bit highest:

    picture-phash 1   signs of the 16 by 16 lowest frequencies of the cosine transform of 64 by 64
                      luma, against their median (`imagehash.phash`, hash_size 16), row by row
    picture-dhash 1   whether luma grows from each cell of 16 rows by 17 columns to its right
                      neighbour (`imagehash.dhash`, hash_size 16), row by row
    picture-pdq 1           Meta's PDQ (`pdq.py`), in the order of its usual hexadecimal form
    picture-descriptor 1    signs of the outputs of a network (`descriptor.py`)

The last two are of the whole picture and then, where it has a frame around it, of what lies inside
(`inside.py`): one or two hashes, one after the other. A picture with nothing on it but an even wash
of light has no fingerprint: it would match every other such.
"""

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

from .descriptor import DESCRIPTOR, describe, square
from .inside import inside
from .pdq import pdq

FINDER = "picture-phash"
CONFIRMER = "picture-dhash"
PDQ = "picture-pdq"
VERSION = 1
HASH_BYTES = 32
# Grey levels: the deviation of 64 by 64 luma from the plane that fits it best. The least among
# 1,936 photographs is 9.8; a black or white frame after JPEG has less than 1.
LEAST_DETAIL = 3.0

_SIDE = 64
_ALONG = np.linspace(-1, 1, _SIDE)
_X, _Y = (axis.ravel() / np.linalg.norm(axis) for axis in np.meshgrid(_ALONG, _ALONG))

Bits = npt.NDArray[np.uint8]


def fingerprint_picture(image: Image.Image) -> tuple[Fingerprint, ...]:
    """Return the four fingerprints of an upright picture; nothing for a flat one."""
    luma = image.convert("L")
    if detail(np.asarray(luma.resize((_SIDE, _SIDE), Image.Resampling.BOX))) < LEAST_DETAIL:
        return ()
    found, confirmed = imagehash.phash(luma, hash_size=16), imagehash.dhash(luma, hash_size=16)
    described = views(image)
    hashes = [pdq(np.asarray(view.convert("L")))[::-1, ::-1] for view in described]
    return (
        Fingerprint(FINDER, VERSION, format_hash(found.hash)),
        Fingerprint(CONFIRMER, VERSION, format_hash(confirmed.hash)),
        Fingerprint(PDQ, VERSION, b"".join(map(format_hash, hashes))),
        Fingerprint(
            DESCRIPTOR, VERSION, describe(np.stack(list(map(square, described)))).tobytes()
        ),
    )


def views(image: Image.Image) -> list[Image.Image]:
    """The picture, and what lies inside of its frame where it has one and that is not flat."""
    inner = inside(image)
    if inner is None:
        return [image]
    luma = np.asarray(inner.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX))
    return [image, inner] if detail(luma) >= LEAST_DETAIL else [image]


def detail(luma: Bits) -> float:
    """How far 64 by 64 luma departs from its best-fitting plane: a deviation in grey levels."""
    values = luma.astype(np.float64).ravel()
    values -= values.mean()
    for axis in (_X, _Y):
        values -= (values @ axis) * axis
    return float(values.std())


def format_hash(bits: npt.NDArray[np.bool_]) -> bytes:
    """Pack 16 by 16 bits into 32 bytes."""
    if bits.shape != (16, 16):
        raise FormatError(f"a hash has 16 by 16 bits, not {bits.shape}")
    return np.packbits(bits).tobytes()


def parse_hash(data: bytes) -> Bits:
    """Read 32 bytes as an array of bytes; raises FormatError for any other length."""
    if len(data) != HASH_BYTES:
        raise FormatError(f"a picture's hash has {HASH_BYTES} bytes, not {len(data)}")
    return np.frombuffer(data, np.uint8)


def parse_views(data: bytes) -> Bits:
    """Read one or two hashes as an array of (n, 32) bytes; raises FormatError for anything else."""
    if len(data) not in (HASH_BYTES, 2 * HASH_BYTES):
        raise FormatError(f"one or two hashes have {HASH_BYTES} bytes each, not {len(data)} in all")
    return np.frombuffer(data, np.uint8).reshape(-1, HASH_BYTES)
