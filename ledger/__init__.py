"""An append-only log. Imports nothing of ours. Bytes in, proofs out."""
