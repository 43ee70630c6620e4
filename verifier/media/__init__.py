"""The only door by which hostile bytes come in: a sandbox, and the decoders that run inside it."""
