"""A run folder: written, read, resumed."""
