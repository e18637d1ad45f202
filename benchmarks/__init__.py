"""Speed beside named peers: each side in a process of its own, timed in turns."""
