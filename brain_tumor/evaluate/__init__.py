"""Score a trained network on the scans of a part."""
