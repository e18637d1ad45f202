"""Losses, callbacks, loggers and Trainer: what cannot be used is named before scans are read."""

import sys
from pathlib import Path

import pytest

from brain_tumor.config import data as scans
from brain_tumor.errors import ConfigError
from brain_tumor.train.check_config import check_training
from brain_tumor.train.train import train

X = "+callbacks.x._target_=lightning.pytorch.callbacks"
VALIDATION = ("split=official", "split.validation_fraction=0.25")
TORCH = "loss._target_=torch.nn"
RANDOM = "augment=randaugment augment.transforms.0._target_"

REFUSED = [
    (f"{X}.LearningRateFinder", "callbacks.x is a LearningRateFinder, which would train at"),
    (f"{X}.BatchSizeFinder", "which would train with another batch size"),
    (f"{X}.StochasticWeightAveraging +callbacks.x.swa_lrs=0.1", "take callbacks=finetune"),
    (f"{X}.BackboneFinetuning", "model.unfreeze says"),
    (f"{X}.LearningRateMonitor logger=none", "needs a logger: add logger=tensorboard"),
    (f"{X}.DeviceStatsMonitor logger=none", "needs a logger: add logger=tensorboard"),
    ("+trainer.overfit_batches=1", "trainer.overfit_batches cannot be used"),
    ("+trainer.limit_train_batches=0", "nothing would be trained"),
    ("+trainer.limit_val_batches=0.0", "trainer.limit_val_batches must be above 0"),
    (
        "trainer.max_epochs=3 +trainer.check_val_every_n_epoch=5",
        "give +trainer.check_val_every_n_epoch=3 or less",
    ),
    ("loss.class_weights=[1,2]", "must hold 4 numbers, one for each of glioma, "),
    ("loss.class_weights=[1,2,3,-4]", "loss.class_weights must be"),
    ("loss.class_weights=[0,0,0,0]", "not all of them 0"),
    ("loss.class_weights=balanced data.sampler=balanced", "twice: leave one of them out"),
    ("loss=focal loss.gamma=-1", "loss.gamma must be a number of at least 0"),
    ("loss=focal training=finetune", "add training.label_smoothing=0."),
    (f"{TORCH}.MSELoss", "loss does not work on logits (N, 4) and labels (N,)"),
    (f"{TORCH}.Linear", "only a loss of torch or ours can stand there"),
    (f"{TORCH}.MultiMarginLoss loss.class_weights=balanced", "add +loss.reduction=none"),
    ("loss._target_=my_project.Mine", "add trust=[my_project]"),
    (f"{RANDOM}=monai.transforms.SaveImage", "only a transform of torchvision v2, Kornia or"),
    (f"{RANDOM}=my_project.Mine", "add trust=[my_project]"),
    ("augment.per_batch=maybe", "augment.per_batch must be true or false"),
    ("logger.tensorboard._target_=os.system", "only a logger of Lightning can stand there"),
]


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=[words for words, _ in REFUSED])
def test_it_is_refused_in_one_sentence(
    compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, told: str
) -> None:
    def untouched(*_: object, **__: object) -> None:
        raise AssertionError("the raw scans were touched")

    monkeypatch.setattr(scans, "prepare_scans", untouched)
    with pytest.raises(ConfigError) as refused:
        train(compose(*VALIDATION, *words.split()))
    assert told in str(refused.value) and "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("wandb", "logger=wandb"),
        ("mlflow", "logger=mlflow"),
        ("kornia", "augment=none +augment._target_=kornia.augmentation.RandomRotation"),
        ("monai", "augment=none +augment._target_=monai.transforms.RandFlip"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    compose, monkeypatch: pytest.MonkeyPatch, library: str, words: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(
        "brain_tumor.config.allowed_targets.find_spec",
        lambda name: None if name == library else object(),
    )
    monkeypatch.setitem(sys.modules, library, None)  # cannot be imported
    with pytest.raises(ConfigError, match=rf'pip install "brain-tumor\[{library}\]"'):
        check_training(compose(*words.split()))


@pytest.mark.parametrize(
    "words",
    [
        f"{X}.LearningRateMonitor logger=csv",
        f"{X}.EarlyStopping +callbacks.x.monitor=val/loss",
        f"{X}.DeviceStatsMonitor",
        f"{TORCH}.MultiMarginLoss +loss.reduction=none loss.class_weights=balanced",
        "loss=focal loss.class_weights=[1,1,2,1]",
        "augment=none +augment._target_=torchvision.transforms.v2.RandAugment",
        "augment=randaugment augment.transforms.0.num_ops=3",
        "+trainer.check_val_every_n_epoch=2 trainer.max_epochs=2",
        "+trainer.limit_train_batches=0.5",
        "logger=[tensorboard,csv]",
    ],
)
def test_what_works_is_taken(compose, tmp_path: Path, words: str) -> None:
    check_training(compose(*VALIDATION, *words.split()))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_the_runs_may_be_a_link(compose_in, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    check_training(compose_in(tmp_path / "runs" / "run"))
