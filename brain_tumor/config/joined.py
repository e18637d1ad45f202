"""What the sets of `data=joined` are: each a choice of conf/data, with what is given beside it."""

from collections.abc import Iterable
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from brain_tumor.config.conf_folder import composing, conf_folder
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.settings import repr_short

# What all sets have in common; the joined set has one value of each.
_COMMON = (
    *("prepared", "crop", "harmonise", "near_duplicates", "batch_size", "num_workers", "report"),
    "healthy",
)
_FORM = "name conf/data choices, or {data: CHOICE, root: FOLDER}"


def data_sets(sources: Iterable[Any]) -> list[dict[str, Any]]:
    """Give every value of each of some sets, as it stands under `data` where it is alone.

    Each is named by a conf/data choice, or by a mapping of `data`, such a name, and the values that
    are given beside it; without `data` it is a `folder`. A resolver, so that a run keeps what was
    joined in its own configuration.
    """
    if isinstance(sources, str) or len(named := list(sources)) < 2:
        raise ConfigError(
            f"data.sources must be a list of two or more sets: {repr_short(sources)}; {_FORM}."
        )
    return [_data_set(one) for one in named]


def _data_set(source: Any) -> dict[str, Any]:
    given = OmegaConf.to_container(source) if OmegaConf.is_config(source) else source
    given = {"data": given} if isinstance(given, str) else given
    if not isinstance(given, dict):
        raise ConfigError(f"data.sources holds {repr_short(given)}: {_FORM}.")
    values = {str(name): value for name, value in given.items() if name != "data"}
    choice = str(given.get("data", "folder"))
    composed = _compose(choice)
    OmegaConf.set_struct(composed, False)
    try:
        plain = OmegaConf.to_container(OmegaConf.merge(composed, values), resolve=True)
    except OmegaConfBaseException as error:
        reason = str(error.msg or error).partition("\n")[0]
        raise ConfigError(f"data.sources, {choice}: {reason}.") from error
    assert isinstance(plain, dict)
    named = {str(name): value for name, value in plain.items()}
    for name, value in named.items():
        if value == "???":
            raise ConfigError(
                f"data.sources, {choice}: {name} is not given: write "
                f"{{data: {choice}, {name}: VALUE}} in its place."
            )
    return {name: value for name, value in named.items() if name not in _COMMON}


def _compose(choice: str) -> DictConfig:
    """Compose what stands under `data` for a choice, with Hydra's search path if it is running."""
    words = [f"data={choice}"]
    if HydraConfig.initialized():
        words.append(f"hydra.searchpath=[{','.join(HydraConfig.get().searchpath)}]")
    try:
        with composing():
            return cast(DictConfig, hydra.compose("prepare", words).data)
    except HydraException as error:
        known = [path.stem for path in (conf_folder() / "data").glob("*.yaml")]
        raise ConfigError(
            f"data.sources names {repr_short(choice)}, which conf/data does not have: "
            f"{suggest(choice, known)}"
        ) from error
