"""From a composed configuration to the objects that train.

They take it as it is composed: most of it are groups with a `_target_`, whose arguments the class
itself names, and a checkpoint keeps all of it.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import lightning as L
from lightning.pytorch import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.strategies import DDPStrategy
from omegaconf import DictConfig

from brain_tumor.config.arguments import plain_values
from brain_tumor.config.instantiate import instantiate
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import VALIDATION, Split
from brain_tumor.data.transforms.chain import Chain
from brain_tumor.data.transforms.report import Augment
from brain_tumor.engine.ddp import OwnTermination
from brain_tumor.engine.determinism import check_deterministic
from brain_tumor.engine.precision import keep_float32
from brain_tumor.engine.ranks import shares_work
from brain_tumor.engine.sync_batchnorm import GlobalBatchNorms
from brain_tumor.errors import ConfigError
from brain_tumor.models.classifier import TrainingSettings, TumorClassifier
from brain_tumor.models.losses import BALANCED, CrossEntropy, Loss, balanced_weights
from brain_tumor.runs.checkpoints import WholeCheckpoints
from brain_tumor.settings import Range, check_value
from brain_tumor.train.callbacks.loggers import build_loggers
from brain_tumor.train.callbacks.resumable import Resumable

# One weight per class, or how to find them.
ClassWeights = list[Annotated[float, Range(0)]] | Literal["balanced"] | None


def build_datamodule(config: DictConfig, prepared: PreparedSet, split: Split) -> ScanDataModule:
    """Build the data module with the configured augmentation, batch size and sampler."""
    return ScanDataModule(
        prepared,
        split,
        build_augment(config),
        batch_size=config.data.batch_size,
        num_workers=config.data.num_workers,
        seed=config.seed,
        balanced=config.data.get("sampler") == BALANCED,
    )


def build_augment(config: DictConfig) -> Augment | None:
    """Build the configured augmentation; a transform that is none of ours becomes a `Chain`."""
    if config.augment is None:
        return None
    values = plain_values(config.augment, "augment")
    if str(values.get("_target_")).startswith("brain_tumor."):
        augment: Augment = instantiate(values, "augment")
        return augment
    per_batch = values.pop("per_batch", False)
    transform = instantiate(values, "augment")
    check_value(per_batch, bool | None, "augment.per_batch")  # null where a resumed run drops it
    return Chain([transform], bool(per_batch))


def build_loss(
    config: DictConfig, classes: Sequence[str], training: TrainingSettings
) -> tuple[Loss, Any]:
    """Build the configured loss; give it with its class weights, a list, `balanced` or None.

    ConfigError where a value is outside its range, or contradicts another: cross-entropy alone
    takes a label smoothing.
    """
    values = plain_values(config.loss, "loss")
    weights = values.pop("class_weights", None)
    check_value(weights, ClassWeights, "loss.class_weights")
    if isinstance(weights, list) and (len(weights) != len(classes) or not any(weights)):
        raise ConfigError(
            f"loss.class_weights must hold {len(classes)} numbers, one for each of "
            f"{', '.join(classes)}, not all of them 0: {weights}"
        )
    if weights == BALANCED == config.data.get("sampler"):
        raise ConfigError(
            "loss.class_weights=balanced and data.sampler=balanced would even out the classes "
            "twice: leave one of them out."
        )
    smoothing = training.label_smoothing
    if values.get("_target_") == f"{CrossEntropy.__module__}.{CrossEntropy.__name__}":
        return instantiate(values, "loss", label_smoothing=smoothing), weights
    if smoothing:
        raise ConfigError(
            f"training.label_smoothing is {smoothing}, which loss=cross_entropy alone takes: add "
            "training.label_smoothing=0."
        )
    return instantiate(values, "loss"), weights


def build_classifier(
    config: DictConfig, datamodule: ScanDataModule, training: TrainingSettings
) -> TumorClassifier:
    """Build the configured network with its pretrained weights, optimizer, schedule and loss."""
    network = plain_values(config.model, "model")
    weights = network.pop("weights", None)
    scheduler = None
    if config.scheduler is not None:
        scheduler = instantiate(config.scheduler, "scheduler")
    classes = datamodule.prepared.classes
    loss, class_weights = build_loss(config, classes, training)
    if class_weights == BALANCED:
        labels = datamodule.prepared.labels[datamodule.split.train]
        class_weights = balanced_weights(labels, classes)
    classifier = TumorClassifier(
        network,
        classes,
        instantiate(config.optimizer, "optimizer"),
        scheduler,
        datamodule.monitored_part,
        training,
        loss,
        class_weights,
    )
    if weights is not None:
        classifier.network.load_pretrained(str(weights))
    return classifier


def build_trainer(config: DictConfig, datamodule: ScanDataModule) -> L.Trainer:
    """Build the Trainer with the configured callbacks and loggers."""
    return make_trainer(config, datamodule.monitored_part, build_loggers(config))


def make_trainer(
    config: DictConfig, monitored_part: str, loggers: Sequence[Logger] = ()
) -> L.Trainer:
    """Build the Trainer for a split whose monitored part is known."""
    epochs = config.trainer.get("max_epochs")
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ConfigError(f"trainer.max_epochs must be a positive whole number: {epochs!r}")
    several = shares_work(config)
    if not several and config.trainer.get("devices") != 1:
        raise ConfigError(
            f"trainer.devices must be 1, not {config.trainer.get('devices')!r}: a run uses one "
            "device, or several with trainer=ddp."
        )
    if several and config.trainer.get("use_distributed_sampler") is not False:
        raise ConfigError(
            "trainer.use_distributed_sampler must be false, as trainer=ddp has it: batches are "
            "shared already."
        )
    # What selects by validation scores has no place where the monitored part is the test part.
    callbacks = {
        name: callback
        for name, callback in build_callbacks(config).items()
        if monitored_part == VALIDATION
        or not str(getattr(callback, "monitor", None) or "").startswith("val/")
    }
    if "last" not in callbacks:
        raise ConfigError("callbacks.last must stay: it keeps the checkpoint that is scored.")
    if monitored_part == VALIDATION and "best" not in callbacks:
        raise ConfigError(
            "callbacks.best must stay where a split has a validation part: it keeps the checkpoint "
            "that is scored; split.validation_fraction=0 scores the last epoch."
        )
    keep_float32()
    asked: Any = plain_values(config.trainer, "trainer")
    plugins: list[Any] = [WholeCheckpoints()]
    engine: list[Callback] = [Resumable(plain_values(config))]
    if several:
        engine.append(OwnTermination())
        plugins.append(GlobalBatchNorms())
        # Buffers are the same everywhere: statistics are counted over all processes.
        asked["strategy"] = DDPStrategy(broadcast_buffers=False)
    try:
        trainer: L.Trainer = instantiate(
            asked,
            "trainer",
            callbacks=[*callbacks.values(), *engine],
            logger=list(loggers) or False,
            default_root_dir=str(config.run_folder),
            plugins=plugins,
        )
    except ConfigError as error:
        if error.__cause__ is None:  # a name that the Trainer does not take
            raise
        raise ConfigError(
            f"{error} Where the device is at fault, trainer.accelerator=auto takes what is there."
        ) from error
    check_deterministic(config.trainer.get("deterministic"), trainer)
    return trainer


def build_callbacks(config: DictConfig) -> dict[str, Callback]:
    """Build every configured callback, by name; one that is set to null is left out."""
    return {
        name: instantiate(callback, f"callbacks.{name}")
        for name, callback in plain_values(config.callbacks, "callbacks").items()
        if callback is not None
    }
