"""What a trial tells its study after every epoch, and how it is stopped early."""

import math

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from optuna.trial import Trial

from brain_tumor.runs.history import History


class WatchedScore(Checkpoint):
    """Reports a validation score after every epoch, and stops a trial that the pruner gives up.

    A `Checkpoint`, because Lightning calls those after all others; behind the one that writes
    `last.ckpt`, so that a trial which is stopped has its last epoch on disk.

    Args:
        trial: The trial.
        objective: Name of the score, as it is logged.
        minimised: Whether it is to be small.

    Attributes:
        scores: The score of each epoch done, by number from 1; NaN where it is undefined.
        pruned: Whether the pruner stopped the trial.
    """

    def __init__(self, trial: Trial, objective: str, minimised: bool) -> None:
        self.trial, self.objective, self.minimised = trial, objective, minimised
        self.scores: dict[int, float] = {}
        self.pruned = False
        self._scored = False

    @property
    def best(self) -> tuple[int, float] | None:
        """The best epoch and its score; None where no epoch has one."""
        known = [item for item in self.scores.items() if math.isfinite(item[1])]
        sign = 1 if self.minimised else -1
        return min(known, key=lambda item: (sign * item[1], item[0]), default=None)

    def recall(self, history: History, epochs: int) -> None:
        """Report the first epochs, which an earlier process did, as `metrics.csv` has them."""
        values = history.get(self.objective, [])
        for epoch, value in zip(history.get("epoch", []), values, strict=bool(values)):
            if epoch is not None and epoch <= epochs and value is not None:
                self._report(int(epoch), value)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that the monitored part was scored in this epoch."""
        self._scored = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the epoch; stop where the pruner says so."""
        if not self._scored:
            return
        self._scored = False
        epoch = trainer.current_epoch + 1
        self._report(epoch, float(trainer.callback_metrics[self.objective]))
        # After its last epoch a trial is finished, and counts as such.
        if epoch != trainer.max_epochs and self.trial.should_prune():
            self.pruned = trainer.should_stop = True

    def _report(self, epoch: int, value: float) -> None:
        self.scores[epoch] = value
        self.trial.report(value, epoch)
