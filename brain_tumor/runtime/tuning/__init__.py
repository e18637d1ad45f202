"""A study of hyperparameters: trials chosen by a validation score, stopped early, gone on with."""
