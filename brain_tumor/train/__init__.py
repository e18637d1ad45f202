"""Train a network and score it."""
