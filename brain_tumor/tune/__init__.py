"""A study of hyperparameters: trials chosen by a validation score."""
