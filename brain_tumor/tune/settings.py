"""What a study is, read from its configuration and checked before any scan is read."""

import copy
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import optuna
from omegaconf import DictConfig, OmegaConf, open_dict
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from brain_tumor.arguments import check_arguments
from brain_tumor.config.allowed_targets import Kind
from brain_tumor.config.arguments import parse_settings, plain_values
from brain_tumor.config.instantiate import build
from brain_tumor.config.source import fill_classes
from brain_tumor.config.values import check_values
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.metrics.registry import LOSS, better
from brain_tumor.models.epoch_scores import score_names
from brain_tumor.runs.identity import SAME_TRAINING, flatten, keys_of, within
from brain_tumor.settings import Range, Seed, Settings
from brain_tumor.train.check_config import RunSettings, check_training

SAMPLER = Kind("a sampler of optuna", (optuna.samplers.BaseSampler,), ("optuna.samplers",))
PRUNER = Kind("a pruner of optuna", (optuna.pruners.BasePruner,), ("optuna.pruners",))

# The groups that make a study of a configuration of training.
OF_THE_STUDY = ("study", "search")
# What may change between two calls: how long the study goes on, where it lies, what is shown.
MAY_CHANGE = (
    *(*keys_of(SAME_TRAINING), "logger", "evaluation"),
    *("study.trials", "study.timeout", "study.folder"),
)

Space = dict[str, BaseDistribution]

# What training does. Scans, split and seed stay: on other scans, scores could not be compared.
SEARCHED = "model", "training", "optimizer", "scheduler", "augment", "trainer", "data.batch_size"

# Their options are what optuna's classes take: low, high, log and step; choices.
KINDS: dict[str, type[BaseDistribution]] = {
    "float": FloatDistribution,
    "int": IntDistribution,
    "categorical": CategoricalDistribution,
}


@dataclass(frozen=True)
class StudyGroup(Settings, key="study"):
    """What stands under `study` in `conf/tune.yaml`, as it says there."""

    name: str
    trials: Annotated[int, Range(1)]
    timeout: Annotated[float, Range(0, without=(0,))] | None
    seed: Seed
    objective: str
    folder: Path
    sampler: dict[str, Any]
    pruner: dict[str, Any]


@dataclass(frozen=True)
class StudySettings(StudyGroup, key="study"):
    """What a study is: how each searched value is drawn, and the training that trials share.

    `fixed` must be the same in every call of the study, by dotted key.
    """

    space: Space
    training: DictConfig
    run: RunSettings
    fixed: dict[str, Any]

    @property
    def sign(self) -> int:
        """By what the objective is multiplied for the best to be the smallest."""
        return 1 if better(self.objective) == "lower" else -1


def study_settings(config: DictConfig) -> StudySettings:
    """Read a study's configuration; none of its values may fail a study or a training later."""
    fill_classes(config, "tune")
    study = parse_settings(StudyGroup, check_values(config, "tune").get("study"), "study")
    if config.get("resume") is not None:
        raise ConfigError("The same command continues a study: leave resume out.")
    if config.trainer.get("fast_dev_run"):
        raise ConfigError("fast_dev_run keeps no score to choose by: leave debug=fast out.")
    if config.trainer.get("devices") != 1:
        raise ConfigError(
            f"trainer.devices must be 1, not {config.trainer.get('devices')!r}: a trial uses one "
            "device; the same command in a second terminal uses another."
        )
    objective = study.objective
    known = [f"val/{name}" for name in (*score_names(config.data.classes), LOSS)]
    if objective not in known:
        raise ConfigError(
            f"study.objective is {objective!r}, and only validation scores may choose: choose one "
            f"of {', '.join(known)}."
        )
    # A split of one's own tells by its rows, which are read later.
    if config.split.get("name") != "file" and not config.split.get("validation_fraction"):
        raise no_validation(str(config.split.get("name")))
    training = copy.deepcopy(config)
    with open_dict(training):
        for group in OF_THE_STUDY:
            training.pop(group)
        training.run_folder = str(study.folder)  # until a trial has its own
        if training.callbacks.get("best") is not None:
            training.callbacks.best.monitor = objective
            training.callbacks.best.mode = "min" if better(objective) == "lower" else "max"
    plain = cast(dict[str, Any], OmegaConf.to_container(training, resolve=True))
    space = read_space(config.search, plain)
    everything = flatten(plain) | flatten(
        {group: OmegaConf.to_container(config[group], resolve=True) for group in OF_THE_STUDY}
    )
    inside = f"{training.run_folder}/"
    fixed = {
        key: value
        for key, value in everything.items()
        if not within(key, (*MAY_CHANGE, *space)) and not str(value).startswith(inside)
    }
    # Tried here, before scans are read; the study builds its own.
    build(study.sampler, "study.sampler", SAMPLER, seed=study.seed)
    build(study.pruner, "study.pruner", PRUNER)
    run = check_training(training)
    _check_ends(training, space)
    return StudySettings(**vars(study), space=space, training=training, run=run, fixed=fixed)


def _check_ends(training: DictConfig, space: Space) -> None:
    """Refuse bounds and choices that training would refuse when a trial has drawn them."""
    for key, how in space.items():
        for value in getattr(how, "choices", None) or (how.low, how.high):  # type: ignore[attr-defined]
            tried = copy.deepcopy(training)
            OmegaConf.update(tried, key, value)
            check_training(tried)


def no_validation(split: str) -> ConfigError:
    """Say that a study needs validation scans."""
    return ConfigError(
        f"split={split} has no validation part as it is configured, and nothing may be chosen by "
        "test scores: give split.validation_fraction=0.15, or choose split=patient."
    )


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
