"""From raw scans to batches: find, crop, dedupe, split, augment, load."""
