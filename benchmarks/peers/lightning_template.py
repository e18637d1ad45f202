"""Training as with lightning-hydra-template: Lightning, ImageFolder, torchvision's transforms."""

import tempfile
import time
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassAccuracy
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.peers.plain_networks import mobilenetv2
from benchmarks.peers.torchvision_chain import imagenet_input, training_chain
from benchmarks.turns import Turns


class WholeEpochs(L.Callback):
    """Holds the Trainer before each epoch until it is its turn, and times the epoch.

    Args:
        turns: Tell when.
        scans: Training scans of an epoch.
        extras: Told with every turn.
    """

    def __init__(self, turns: Turns, scans: int, **extras: float) -> None:
        self.turns, self.scans, self.extras = turns, scans, extras
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell what the epoch before took, validation included, and wait."""
        if trainer.current_epoch:
            self._tell()
        self.turns.wait()
        self._begun = time.perf_counter()

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell what the last epoch took."""
        self._tell()

    def _tell(self) -> None:
        seconds = time.perf_counter() - self._begun
        self.turns.done(seconds, self.scans, first=self.turns.first(seconds), **self.extras)


class Classifier(L.LightningModule):
    """A network, its loss and its accuracy."""

    def __init__(self, network: nn.Module, classes: int, lr: float) -> None:
        super().__init__()
        self.network, self.lr = network, lr
        self.criterion = nn.CrossEntropyLoss()
        self.train_acc, self.val_acc = MulticlassAccuracy(classes), MulticlassAccuracy(classes)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Give the loss of a batch."""
        images, labels = batch
        logits = self.network(images)
        loss: Tensor = self.criterion(logits, labels)
        self.train_acc(logits, labels)
        self.log("train/loss", loss, on_step=False, on_epoch=True, prog_bar=True)
        self.log("train/acc", self.train_acc, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Score a batch."""
        images, labels = batch
        logits = self.network(images)
        self.val_acc(logits, labels)
        self.log("val/loss", self.criterion(logits, labels), prog_bar=True)
        self.log("val/acc", self.val_acc, prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Take Adam for what is trained."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return torch.optim.Adam(trained, lr=self.lr)


def train(job: dict[str, Any], turns: Turns) -> None:
    """Train from raw files, a whole epoch per turn.

    Args:
        job: `folder`, which holds Training/ and Testing/; `model`, `classes`, `ranges`, `size`,
            `batch_size`, `num_workers`, `lr`, `turns`, `scratch`.
        turns: Tell when.
    """
    L.seed_everything(0, verbose=False)
    model, size, folder = job["model"], job["size"], Path(job["folder"])
    read = [transforms.Grayscale(), transforms.Resize((size, size))]
    rest = imagenet_input(model["input_size"])
    augmented = transforms.Compose([*read, *training_chain(job["ranges"], size), *rest])
    plain = transforms.Compose([*read, transforms.ToTensor(), *rest])
    trained = ImageFolder(str(folder / "Training"), augmented)
    validated = ImageFolder(str(folder / "Testing"), plain)
    batch, workers = job["batch_size"], job["num_workers"]
    training = DataLoader(trained, batch, shuffle=True, num_workers=workers)
    validation = DataLoader(validated, batch, num_workers=workers)
    place = tempfile.mkdtemp(dir=job["scratch"])
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=job["turns"],
        logger=CSVLogger(place),
        log_every_n_steps=10,
        callbacks=[
            WholeEpochs(turns, len(trained)),
            ModelCheckpoint(place, monitor="val/acc", mode="max", save_last=True),
        ],
    )
    network = mobilenetv2(job["classes"], model["width"], model["dropout"])
    trainer.fit(Classifier(network, job["classes"], job["lr"]), training, validation)
