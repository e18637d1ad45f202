"""Every configured value of a training, tried before anything long is begun.

What has rules of its own is built here once, small or without memory, so that a rule stands in one
place and a wrong value costs no waiting.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from brain_tumor.config.arguments import parse_settings, plain_values
from brain_tumor.config.data import check_split_file
from brain_tumor.config.data_settings import DataSettings, check_healthy
from brain_tumor.config.instantiate import instantiate
from brain_tumor.config.network import check_network
from brain_tumor.config.source import fill_classes
from brain_tumor.config.values import check_values
from brain_tumor.data.split import FILE, TEST, VALIDATION, SplitSettings
from brain_tumor.data.transforms.report import Augment
from brain_tumor.errors import BrainTumorError, ConfigError, one_line
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.models.classifier import TrainingSettings
from brain_tumor.models.losses import Loss, TrainingLoss
from brain_tumor.models.schedules import make_schedule, steps_per_batch
from brain_tumor.settings import Seed, Settings
from brain_tumor.train.build import build_augment, build_callbacks, build_loss, make_trainer
from brain_tumor.train.callbacks.loggers import check_loggers
from brain_tumor.train.check_trainer import check_callbacks, check_trainer
from brain_tumor.trust import Modules

STEPS = 1000  # of a schedule that are tried, at most


@dataclass(frozen=True)
class RunSettings(Settings):
    """What stands at the top of `conf/train.yaml`.

    Groups from which objects are built by `_target_`, and the options of a network, stay as
    configured: what they take, their classes say.
    """

    data: DataSettings
    split: SplitSettings
    augment: dict[str, Any] | None
    model: dict[str, Any]
    training: TrainingSettings
    loss: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any] | None
    trainer: dict[str, Any]
    callbacks: dict[str, Any]
    logger: dict[str, Any]
    evaluation: ScoringSettings
    seed: Seed
    run_folder: str
    name: str = "custom"
    resume: str | None = None
    allow_changes: bool = False
    skip_finished: bool = True
    threads: int | None = None
    remark: str | None = None
    runs: str = "runs"
    keep_freed_memory: bool = True
    trust: Modules = ()
    verbose: bool = False
    debug: None = None
    experiment: None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_split_file(self.split)
        check_healthy(self.evaluation.healthy, self.data.classes, "evaluation.healthy")


def run_settings(config: DictConfig) -> RunSettings:
    """Read what is trained; nothing is built."""
    return parse_settings(RunSettings, check_values(config, "train"))


def check_training(config: DictConfig) -> RunSettings:
    """Try what `train` will build, and give its settings; no scan is read, nothing is written.

    A BrainTumorError names the key of a value that is unknown, of the wrong kind, outside its
    range, or contradicts another.
    """
    fill_classes(config, "train")
    settings = run_settings(config)
    resolved = OmegaConf.create(plain_values(config))  # nothing is left to be looked up
    classes, size = tuple(settings.data.classes or ()), settings.data.crop.size
    check_building(resolved, classes, size, settings.split, settings.training)
    return settings


def check_building(
    config: DictConfig,
    classes: tuple[str, ...],
    size: int,
    split: SplitSettings,
    training: TrainingSettings,
) -> None:
    """Try augmentation, network, loss, optimizer, schedule, callbacks, loggers and Trainer.

    For `classes` and scans of `size` x `size` pixels.
    """
    augment = build_augment(config)
    if augment is not None:
        _try_augment(augment, size)
    check_network(plain_values(config.model, "model"), len(classes), size)
    _try_loss(classes, *build_loss(config, classes, training))
    checkpoints = Path(str(config.run_folder)).resolve() / "checkpoints"  # as Lightning does
    check_callbacks(build_callbacks(config), classes, check_loggers(config), checkpoints)
    # Which part a split of one's own monitors is seen when it is read.
    part = VALIDATION if split.validation_fraction and split.name != FILE else TEST
    make_trainer(config, part)
    check_trainer(config, part)
    _try_optimizer(config)


@contextmanager
def _tried(what_fails: str) -> Iterator[None]:
    """Say in one sentence what somebody's class raises, which may be anything."""
    try:
        with warnings.catch_warnings():  # training gives them again
            warnings.simplefilter("ignore")
            yield
    except BrainTumorError:
        raise
    except Exception as error:
        raise ConfigError(f"{what_fails}: {one_line(error)}") from error


def _try_augment(augment: Augment, size: int) -> None:
    with _tried(f"augment cannot treat scans of {size} x {size} pixels"):
        scans = torch.zeros((2, 1, size, size), dtype=torch.uint8)
        found = augment(scans, torch.full((2, augment.draws_per_scan), 0.5))
        if found.shape != scans.shape:
            raise ValueError(f"it gives {tuple(found.shape)} for {tuple(scans.shape)}")


def _try_loss(classes: Sequence[str], loss: Loss, weights: Any) -> None:
    if isinstance(loss, nn.Module) and next(loss.parameters(), None) is not None:
        raise ConfigError("loss has parameters of its own, which no optimizer would train.")
    labels = torch.arange(len(classes)).repeat(2)
    logits = torch.linspace(-1, 1, len(labels) * len(classes)).view(len(labels), -1)
    logits.requires_grad_()
    with _tried(f"loss does not work on logits (N, {len(classes)}) and labels (N,)"):
        found = loss(logits, labels)
        if found.shape not in ((), labels.shape):
            given = f"{tuple(found.shape)} for {len(labels)} scans"
            raise ValueError(f"it gives {given}, not (N,) or a mean")
        torch.autograd.backward(found.mean())
        if logits.grad is None or not bool(found.isfinite().all()):
            raise ValueError("it gives no finite number with a gradient")
        if weights is not None:
            TrainingLoss(loss, [1.0] * len(classes))(logits, labels)


def _try_optimizer(config: DictConfig) -> None:
    # One weight each of the shapes that networks have, and as many steps as are configured.
    weights = [nn.Parameter(torch.zeros((2,) * axes)) for axes in (1, 2, 4)]
    for weight in weights:
        weight.grad = torch.zeros_like(weight)
    make = instantiate(config.optimizer, "optimizer")
    with _tried("optimizer does not work as configured"):
        optimizer = make(weights)
        optimizer.step(lambda: torch.zeros(()))
    if config.scheduler is None:
        return
    schedule = instantiate(config.scheduler, "scheduler")
    if issubclass(schedule.func, ReduceLROnPlateau):
        raise ConfigError(
            "scheduler is a ReduceLROnPlateau, which waits for scores that a run which resumes "
            "does not have: choose one of scheduler=cosine, warmup_cosine, one_cycle."
        )
    with _tried("scheduler does not work as configured"):
        made = make_schedule(schedule, optimizer, STEPS)
        epochs = min(config.trainer.max_epochs, STEPS)
        for _ in range(STEPS if steps_per_batch(schedule) else epochs):
            made.step()
