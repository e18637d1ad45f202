"""Tables, charts and pages: the toolkit. Nothing here computes a score."""
