"""What run folders of earlier versions hold that later ones have otherwise."""

from dataclasses import asdict

from omegaconf import DictConfig, OmegaConf

from brain_tumor.data.groups.settings import BEFORE, NearDuplicateSettings


def thresholds_before(config: DictConfig) -> dict[str, float] | None:
    """Give the thresholds of near-duplicates as version 0.6 had them; None in later runs."""
    near = OmegaConf.select(config, "data.near_duplicates")
    if not isinstance(near, DictConfig) or set(near) != BEFORE:
        return None
    return {str(name): float(value) for name, value in near.items()}


CROSS_ENTROPY = {"_target_": "brain_tumor.models.losses.CrossEntropy", "class_weights": None}

# Classes that a configuration names by `_target_`, by the names they had up to version 0.6.
_MOVED = {
    f"brain_tumor.{before}": f"brain_tumor.{now}"
    for before, now in {
        "data.augment.BatchAugment": "data.transforms.report.BatchAugment",
        "data.mri_augment.MRIAugment": "data.transforms.mri.MRIAugment",
        "data.nearest_augment.NearestAugment": "data.transforms.nearest.NearestAugment",
        "runtime.averaging.AveragedWeights": "engine.weight_averaging.AveragedWeights",
        "runtime.history.EpochHistory": "train.callbacks.epoch_history.EpochHistory",
        "runtime.monitored_pictures.MonitoredPictures": (
            "train.callbacks.monitored_figures.MonitoredPictures"
        ),
        "runtime.progress.BatchBar": "engine.progress.BatchBar",
        "runtime.tensorboard.AugmentedSheet": "train.callbacks.tensorboard.AugmentedSheet",
    }.items()
}


def upgrade(config: DictConfig) -> DictConfig:
    """Bring a run's configuration to today's names and settings; the configuration is changed."""
    if thresholds_before(config) is not None:
        config.data.near_duplicates = asdict(NearDuplicateSettings())
    if "training" in config and "loss" not in config:  # up to 0.6 there was no other
        config.loss = dict(CROSS_ENTROPY)
    _rename_targets(config)
    return config


def _rename_targets(node: DictConfig) -> None:
    for key in list(node):
        if OmegaConf.is_missing(node, key) or OmegaConf.is_interpolation(node, key):
            continue
        value = node[key]
        if key == "_target_" and value in _MOVED:
            node[key] = _MOVED[value]
        elif isinstance(value, DictConfig):
            _rename_targets(value)
