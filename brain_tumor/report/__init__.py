"""Tables and pictures from numbers. Nothing here computes a score."""
