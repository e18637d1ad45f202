"""Our side of each contest: what the real commands run."""
