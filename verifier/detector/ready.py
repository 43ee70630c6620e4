"""Imported by the sandbox's server, so that no job has to load the detector's models for itself."""

from . import clip, detect, encoder, examine, footage, voice
from .traces import clip as of_clips
from .traces import counter, foreign
from .traces import examine as of_pictures
from .traces import sound as of_sound

__all__ = ["examine", "of_clips", "of_pictures", "of_sound"]

for part in (detect, footage, clip, voice, foreign.NETWORK, counter.NETWORK):
    part.ready()
encoder.forget()
