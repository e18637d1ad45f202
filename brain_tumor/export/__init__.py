"""A run's network as one file that other programs run, and such files opened again."""
