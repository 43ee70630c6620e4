"""A suspect against the recorded original: what was moved, cut, slowed, covered or replaced."""
