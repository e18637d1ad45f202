"""How far a number can be believed: intervals, folds, tests of differences."""
