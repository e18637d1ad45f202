"""A run folder: written, read, opened again."""
