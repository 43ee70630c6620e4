"""Perceptual fingerprints: what a re-encoded, resized or re-recorded copy keeps of an asset."""

from .compute import compute, compute_in

__all__ = ["compute", "compute_in"]
