"""Says what can be established about a file, and what cannot."""
