"""The bar over an epoch's batches."""

import sys

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm


class BatchBar(TQDMProgressBar):
    """One bar for training and one for scoring, on a terminal; nothing in a log file."""

    def __init__(self) -> None:
        super().__init__()
        if not sys.stdout.isatty():
            self.disable()

    def on_train_epoch_start(self, trainer: Trainer, *_: object) -> None:
        """Count epochs from 1, as the line at the end of the epoch does."""
        super().on_train_epoch_start(trainer)
        self.train_progress_bar.set_description(f"epoch {trainer.current_epoch + 1:>3}")

    def init_validation_tqdm(self) -> Tqdm:
        """Hide the bar of the monitored part: it would flicker under the training bar."""
        return Tqdm(disable=True)

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Show no metrics in the bar; the line at the end of the epoch has them."""
        return {}
