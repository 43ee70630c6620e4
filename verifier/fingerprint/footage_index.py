"""Which clips show most of what a suspect shows, of all recorded ones: by their views alone.

Every view of the suspect (of a long one, some) is held against every view that is recorded. What
speaks for a clip is in how many of them, and by how much, the nearest of its own is nearer than the
threshold; the order is left to `moments.py`, which is asked of the few for which most speaks.
"""

import numpy as np
import numpy.typing as npt

from .align import spread
from .moments import VIEW_THRESHOLD
from .rows import Hashes, Owners, near_rows

MOST_ALIGNED = 64  # clips
_MOST_VIEWS = 64  # of a suspect, evenly spread


def near_footage(views: Hashes, rows: Hashes, owners: Owners) -> set[int]:
    """The entries for which most speaks, MOST_ALIGNED of them at most."""
    said = np.zeros(int(owners.max(initial=-1)) + 1, np.int64)
    for place in spread(len(views), _MOST_VIEWS):
        near = near_rows(views[place][None], rows, VIEW_THRESHOLD)
        most = np.zeros(len(said), np.int64)
        np.maximum.at(most, owners[near.found], VIEW_THRESHOLD + 1 - near.bits)
        said += most
    told: npt.NDArray[np.int64] = np.flatnonzero(said)
    return set(told[np.argsort(-said[told], kind="stable")[:MOST_ALIGNED]].tolist())
