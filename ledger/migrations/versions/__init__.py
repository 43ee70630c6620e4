"""One file for each version of the sequencer's tables."""
