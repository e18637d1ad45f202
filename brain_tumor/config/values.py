"""What holds for every configured value, whatever it is for: it is there, plain, and finite."""

import math
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.errors import BrainTumorError, ConfigError, suggest
from brain_tumor.settings import repr_short

LARGEST = 2**63 - 1  # torch's and NumPy's whole numbers have 64 bits


def check_values(config: DictConfig, command: str) -> dict[str, Any]:
    """Resolve a configuration, and look at every value of it; give it as plain values.

    ConfigError where a name at the top is unknown, a group was left out, an interpolation leads
    nowhere, a value is missing, text holds a null character, or a number is not finite or has more
    than 64 bits.
    """
    groups, names = _known(conf_folder() / f"{command}.yaml")
    for name in map(str, config):
        if name not in groups | names:
            raise ConfigError(f"{name} is unknown: {suggest(name, groups | names)}")
    for group in sorted(groups):
        if OmegaConf.is_missing(config, group) or group not in config:
            choices = sorted(path.stem for path in (conf_folder() / group).glob("*.yaml"))
            raise ConfigError(f"{group} is missing: choose one of {', '.join(choices)}.")
    plain = {str(name): _plain(config, name, str(name)) for name in config}
    freed = plain.get("keep_freed_memory", True)
    if not isinstance(freed, bool):  # heeded before a command begins
        raise ConfigError(f"keep_freed_memory must be true or false: {repr_short(freed)}")
    return plain


def sentence(error: OmegaConfBaseException, key: str = "") -> str:
    """Say in one sentence what OmegaConf found wrong with a configuration, at `key` if known."""
    key = key or str(error.full_key or error.key or "")
    if isinstance(error, MissingMandatoryValue):
        return f"{key} is not given: add {key}=VALUE."
    reason = " ".join(str(error.msg or error).split("\n    full_key")[0].split()).rstrip(".")
    return f"{key}: {reason}." if key else f"{reason}."


def _plain(parent: Any, name: Any, key: str) -> Any:
    """Give a value of a group or list, resolved; `key` is where it stands."""
    try:
        value = parent[name]
    except OmegaConfBaseException as error:
        said = _said(error)
        if said is not None:
            raise said from None
        raise ConfigError(sentence(error, key)) from error
    except RecursionError as error:
        raise ConfigError(f"{key} refers to itself.") from error
    if isinstance(value, DictConfig):
        return {one: _plain(value, one, f"{key}.{one!s}") for one in value}
    if isinstance(value, ListConfig):
        return [_plain(value, place, f"{key}.{place}") for place in range(len(value))]
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{key} must be finite: {value}")
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{key} holds a null character: {repr_short(value)}")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ConfigError(f"{key} has more than 64 bits: {repr_short(value)}")
    return value


def _said(error: BaseException) -> BrainTumorError | None:
    """Find what a resolver of ours has said: OmegaConf raises another error in its place."""
    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, BrainTumorError):
        behind = behind.__cause__ or behind.__context__
    return behind


def _known(file: Path) -> tuple[set[str], set[str]]:
    """Give the groups of a command's configuration, and what else stands at its top."""
    # In C, where there is one, reading takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    written = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    groups: set[str] = set()
    optional = {"hydra"}
    for entry in written.pop("defaults"):
        if isinstance(entry, str) and entry != "_self_":  # another command's configuration
            others, names = _known(file.with_name(f"{entry}.yaml"))
            groups, optional = groups | others, optional | names
        for group, choice in entry.items() if isinstance(entry, dict) else ():
            place = (group.partition("@")[2] or group).replace("/", ".")
            if not group.startswith("override "):
                (groups if choice is not None else optional).add(place.partition(".")[0])
    return groups - set(written), optional | set(written)
