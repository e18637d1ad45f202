"""Build the objects that a configuration names by `_target_`."""

from typing import Any

import hydra
from hydra.errors import InstantiationException
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf

from brain_tumor.errors import BrainTumorError, ConfigError

# A configuration may come with somebody else's run folder; it must not be able to call os.system.
TRUSTED = ("brain_tumor.", "torch.", "torchvision.", "lightning.")


def instantiate(config: DictConfig, key: str, **arguments: Any) -> Any:
    """Build what `config` describes.

    Args:
        config: A node with `_target_`.
        key: Where it stands, for messages.
        **arguments: Given to the target beside the configured ones.

    Raises:
        ConfigError: A target is not ours, torch's, torchvision's or Lightning's, or it refuses its
            arguments.
    """
    plain = OmegaConf.to_container(config, resolve=True)
    for target in _targets(plain):
        if not target.startswith(TRUSTED):
            raise ConfigError(
                f"{key} names {target}, which is not built from a configuration: only targets "
                f"from {', '.join(name.rstrip('.') for name in TRUSTED)} are."
            )
    try:
        return hydra.utils.instantiate(plain, _convert_="all", **arguments)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, BrainTumorError):
            raise cause from None
        known = (TypeError, ValueError, AttributeError, ImportError, MisconfigurationException)
        if cause is not None and not isinstance(cause, known):
            raise
        reason = " ".join(str(cause if cause is not None else error).split())
        raise ConfigError(f"{key} cannot be built from its configuration: {reason}") from error


def _targets(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [str(node["_target_"])] if "_target_" in node else []
        return own + [target for value in node.values() for target in _targets(value)]
    if isinstance(node, list):
        return [target for value in node for target in _targets(value)]
    return []
