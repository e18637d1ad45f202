"""The search space: which configured values a study varies, and between which bounds."""

import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from brain_tumor.arguments import check_arguments
from brain_tumor.config.arguments import plain_values
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.runs.identity import flatten, within

Space = dict[str, BaseDistribution]

# What training does. Scans, split and seed stay: on other scans, scores could not be compared.
SEARCHED = "model", "training", "optimizer", "scheduler", "augment", "trainer", "data.batch_size"

# Their options are what optuna's classes take: low, high, log and step; choices.
KINDS: dict[str, type[BaseDistribution]] = {
    "float": FloatDistribution,
    "int": IntDistribution,
    "categorical": CategoricalDistribution,
}


def read_space(search: DictConfig, config: Mapping[str, Any]) -> Space:
    """Read a search space: how each value is drawn, by its dotted key, in the order given.

    `search` is nested as the configuration is; where a value is searched stands a mapping with
    `kind` (float, int or categorical) and its options: `low`, `high` (both included), `log` and
    `step` of numbers, `choices` of a category.
    """
    known = flatten(config)
    space: Space = {}
    for key, entry in _entries(plain_values(search), ""):
        if key not in known:
            raise ConfigError(
                f"search names {key}, which is not in the configuration: {suggest(key, known)}"
            )
        if not within(key, SEARCHED):
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
                f"search.{key} is {entry!r}: give a mapping with kind ({', '.join(KINDS)}) and "
                "its bounds or choices."
            )
        if "kind" in entry:
            yield key, entry
        else:
            yield from _entries(entry, f"{key}.")


def _distribution(key: str, entry: dict[str, Any]) -> BaseDistribution:
    kind = KINDS.get(entry["kind"])
    if kind is None:
        raise ConfigError(f"{key}.kind is {entry['kind']!r}: choose one of {', '.join(KINDS)}.")
    options = {name: value for name, value in entry.items() if name != "kind"}
    check_arguments(kind, options, key)
    try:
        with warnings.catch_warnings():
            # It warns of an end that no step meets, and of choices that it cannot keep.
            warnings.simplefilter("error")
            drawn = kind(**options)
        ends = [options.get("low", 0), options.get("high", 0)]
        if drawn.single() or not all(map(math.isfinite, ends)):
            raise ValueError("give two different ends, or two choices or more")
        choices = list(map(repr, options.get("choices", ())))
        if len(set(choices)) < len(choices):
            raise ValueError("give each choice once, all different")
    except (ValueError, UserWarning) as error:
        raise ConfigError(f"{key} cannot be drawn so ({options}): {error}") from error
    return drawn
