"""What an edit leaves in a file, found without learning, where there is no original."""
