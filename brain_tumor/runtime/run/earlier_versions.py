"""What run folders of earlier versions hold that later ones have otherwise."""

from dataclasses import asdict

from omegaconf import DictConfig, OmegaConf

from brain_tumor.data.near_duplicate_settings import BEFORE, NearDuplicateSettings


def thresholds_before(config: DictConfig) -> dict[str, float] | None:
    """Give the thresholds of near-duplicates as version 0.6 had them; None in later runs.

    Args:
        config: A run's configuration as it was written.
    """
    near = OmegaConf.select(config, "data.near_duplicates")
    if not isinstance(near, DictConfig) or set(near) != BEFORE:
        return None
    return {str(name): float(value) for name, value in near.items()}


def upgrade(config: DictConfig) -> DictConfig:
    """Give today's values to settings that mean nothing any more; the configuration is changed."""
    if thresholds_before(config) is not None:
        config.data.near_duplicates = asdict(NearDuplicateSettings())
    return config
