"""Imported by the sandbox's server, so that no job meets the C2PA engine cold.

`sample.jpg` is a grey square that nobody known signed.
"""

from pathlib import Path

from . import _c2pa

_c2pa.read(str(Path(__file__).with_name("sample.jpg")), None, "image/jpeg", {})
