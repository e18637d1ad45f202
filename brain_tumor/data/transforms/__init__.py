"""Random changes of batches: augmentation, and corruption."""
