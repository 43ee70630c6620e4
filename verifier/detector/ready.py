"""Imported by the sandbox's server, so that no job has to load the detector's models for itself."""

from . import detect, examine, faces

__all__ = ["examine"]

for part in (detect, faces):
    part.ready()
