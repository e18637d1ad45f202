"""The search space: which configured values a study varies, and between which bounds."""

import difflib
import math
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from brain_tumor.config.arguments import plain_values
from brain_tumor.errors import ConfigError
from brain_tumor.runs.identity import flatten

Space = dict[str, BaseDistribution]

# What training does. Scans, split and seed stay: on other scans, scores could not be compared.
SEARCHED = (
    *("model", "training", "optimizer", "scheduler", "augment", "trainer", "data.batch_size"),
)
OPTIONS = {
    "float": {"low", "high", "log"},
    "int": {"low", "high", "log", "step"},
    "categorical": {"choices"},
}


def read_space(search: DictConfig, config: Mapping[str, Any]) -> Space:
    """Read a search space.

    Args:
        search: Nested as the configuration is; where a value is searched stands a mapping with
            `kind` (float, int or categorical) and its options: `low`, `high` (both included) and
            `log` of numbers, `step` of whole ones, `choices` of a category.
        config: The configuration of a training, as nested plain values.

    Returns:
        How each value is drawn, by its dotted key, in the order given.

    Raises:
        ConfigError: The space is empty, names a key that the configuration has not or that is not
            to be searched, or a value cannot be drawn so.
    """
    known = flatten(config)
    space: Space = {}
    for key, entry in _entries(plain_values(search), ""):
        if key not in known:
            near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.0)
            raise ConfigError(
                f"search names {key}, which is not in the configuration: did you mean {near[0]}?"
            )
        if not any(f"{key}.".startswith(f"{group}.") for group in SEARCHED):
            raise ConfigError(
                f"search names {key}, which stays the same in a study: only what training does is "
                f"searched ({', '.join(SEARCHED)})."
            )
        space[key] = _distribution(f"search.{key}", entry)
    if not space:
        raise ConfigError("search is empty: name at least one value, as conf/search/gbmnet.yaml.")
    return space


def _entries(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in node.items():
        key = f"{prefix}{name}"
        if entry is None:  # taken out of the space on the command line
            continue
        if not isinstance(entry, dict):
            raise ConfigError(
                f"search.{key} is {entry!r}: give a mapping with kind ({', '.join(OPTIONS)}) and "
                "its bounds or choices."
            )
        if "kind" in entry:
            yield key, entry
        else:
            yield from _entries(entry, f"{key}.")


def _distribution(key: str, entry: Mapping[str, Any]) -> BaseDistribution:
    kind = entry["kind"]
    if kind not in OPTIONS:
        raise ConfigError(f"{key}.kind is {kind!r}: choose one of {', '.join(OPTIONS)}.")
    unknown = sorted(entry.keys() - OPTIONS[kind] - {"kind"})
    if unknown:
        raise ConfigError(
            f"{key}.{unknown[0]} is nothing that kind={kind} has: it has "
            f"{', '.join(sorted(OPTIONS[kind]))}."
        )
    if kind == "categorical":
        return CategoricalDistribution(_choices(key, entry.get("choices")))
    low, high = (_number(key, name, entry.get(name), kind) for name in ("low", "high"))
    log = entry.get("log", False)
    if not isinstance(log, bool):
        raise ConfigError(f"{key}.log must be true or false: {log!r}.")
    if not low < high:
        raise ConfigError(f"{key}.low must lie below {key}.high: {low!r} and {high!r}.")
    if log and low <= 0:
        raise ConfigError(f"{key}.low must be above 0 where log=true: {low!r}.")
    if kind == "float":
        return FloatDistribution(float(low), float(high), log=log)
    step = entry.get("step", 1)
    if isinstance(step, bool) or not isinstance(step, int) or step < 1 or (log and step != 1):
        raise ConfigError(
            f"{key}.step must be a positive whole number, and 1 where log=true: {step!r}."
        )
    if (int(high) - int(low)) % step:
        raise ConfigError(
            f"{key}.high must lie whole steps above {key}.low: {low!r}, {high!r}, step {step!r}."
        )
    return IntDistribution(int(low), int(high), log=log, step=step)


def _number(key: str, name: str, value: Any, kind: str) -> float:
    types = (int,) if kind == "int" else (int, float)
    if isinstance(value, bool) or not isinstance(value, types) or not math.isfinite(value):
        what = "a whole number" if kind == "int" else "a number"
        raise ConfigError(f"{key}.{name} must be {what}: {value!r}.")
    return float(value) if kind == "float" else value


def _choices(key: str, choices: Any) -> list[Any]:
    plain = isinstance(choices, list) and all(
        choice is None or isinstance(choice, (bool, int, float, str)) for choice in choices
    )
    if not plain or len(choices) < 2 or len({repr(choice) for choice in choices}) < len(choices):
        raise ConfigError(
            f"{key}.choices must be a list of two or more different numbers, words, truth values "
            f"or null: {choices!r}."
        )
    return list(choices)
