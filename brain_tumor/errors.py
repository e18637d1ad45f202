"""Errors a user can cause. Each message is one sentence: what is wrong, where, what to do."""


class BrainTumorError(Exception):
    """Root of the errors that a command prints as one sentence, without a traceback."""


class DataError(BrainTumorError):
    """Scans, a prepared set or a split are missing, damaged or not what was asked for."""


class ConfigError(BrainTumorError):
    """A configured value is of the wrong kind or outside its range."""


class WeightsError(BrainTumorError):
    """Pretrained weights or a checkpoint cannot be found, read or fitted to the network."""


class TrainingError(BrainTumorError):
    """Training cannot go on, for instance because the loss is no longer a number."""
