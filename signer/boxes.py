"""Count the media data boxes of an ISO base media file: it decides how the file may be hashed."""

from typing import BinaryIO

_MAX_BOXES = 1000  # at the top level; only fragmented files have more, and those have many mdat


def has_one_media_data_box(file: BinaryIO) -> bool:
    """Say whether exactly one `mdat` lies at the top level (ISO/IEC 14496-12, 4.2 and 8.1.1).

    Reads box headers only. False, too, for what is not a run of boxes: the answer that is always
    safe to act on. The file's position ends anywhere.
    """
    found = 0
    end = file.seek(0, 2)
    start = 0
    for _ in range(_MAX_BOXES):
        if start == end:
            return found == 1
        file.seek(start)
        header = file.read(16)
        length, kind = int.from_bytes(header[:4]), header[4:8]
        if length == 1:  # a 64-bit length follows the type
            length = int.from_bytes(header[8:16])
        elif length == 0:  # this box runs to the end of the file
            length = end - start
        if len(header) < 8 or length < 8 or start + length > end:
            return False
        found += kind == b"mdat"
        start += length
    return False
