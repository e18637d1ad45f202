"""Sources of scans: each lists the scans of a data set, wherever they lie."""
