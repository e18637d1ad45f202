"""Scans from elsewhere, scored by a network that was not trained on them."""
