"""A line on the terminal and a row in metrics.csv for every epoch."""

import time
from pathlib import Path

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from tqdm import tqdm

from brain_tumor.models.classifier import SHORT
from brain_tumor.runs.history import append_row

LONG = 120  # seconds of training from which on it is said how long it will take


class EpochHistory(Checkpoint):
    """Writes down what the classifier logged in an epoch.

    A `Checkpoint`, because Lightning calls those after the module's own hook: plain callbacks come
    before it and would see the scores of the epoch before.

    Args:
        path: Where `metrics.csv` goes; None writes none. A row is `epoch` (from 1), `seconds`
            (training and scoring of that epoch) and every value logged in that epoch, in
            alphabetical order; a part that was not scored in it leaves its cells empty.

    Attributes:
        faster: A recipe that comes to the same in less time, named where training takes long.
    """

    def __init__(self, path: str | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self._started = 0.0
        self._scored: set[str] = set()
        self._first = True
        self.faster: str | None = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started, self._scored = time.perf_counter(), {"train"}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that the monitored part was scored in this epoch."""
        part = str(pl_module.monitored_part)
        self._scored.add(SHORT.get(part, part))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line and write the row."""
        if not trainer.is_global_zero:
            return
        # Lightning keeps the values of earlier epochs in view.
        logged = {
            name: float(value)
            for name, value in sorted(trainer.callback_metrics.items())
            if name.partition("/")[0] in self._scored
        }
        epoch, seconds = trainer.current_epoch + 1, time.perf_counter() - self._started
        # Not print(): it would break the bar in two.
        tqdm.write(epoch_line(epoch, trainer.max_epochs, logged, seconds))
        total = trainer.max_epochs or 0
        if self._first and (total - epoch) * seconds >= LONG:
            tqdm.write(duration_line(epoch, total, seconds, self.faster))
        self._first = False
        if self.path is not None and not fast_dev_run(trainer):
            append_row(self.path, {"epoch": epoch, "seconds": round(seconds, 3), **logged})


def fast_dev_run(trainer: Trainer) -> bool:
    """Tell whether the Trainer only tries one batch of everything; it then keeps no files."""
    return bool(getattr(trainer, "fast_dev_run", False))  # set without being declared


def epoch_line(epoch: int, epochs: int | None, logged: dict[str, float], seconds: float) -> str:
    """Give an epoch's line, at most 80 characters: loss and balanced accuracy, and seconds.

    Example:
        >>> logged = {"train/loss": 1.2, "train/balanced_accuracy": 0.4}
        >>> logged |= {"test/loss": 1.3, "test/balanced_accuracy": 0.3}
        >>> epoch_line(3, 200, logged, 12.34)
        'epoch   3/200 | train loss 1.200, balanced 0.400 | test 1.300, 0.300 |   12.3 s'
    """
    total = str(epochs) if epochs and epochs > 0 else "?"
    parts = [name.removesuffix("/loss") for name in logged if name.endswith("/loss")]
    cells = [f"epoch {epoch:>{max(3, len(total))}}/{total}"]
    for place, part in enumerate(sorted(parts, key=lambda name: name != "train")):
        loss, balanced = logged[f"{part}/loss"], logged[f"{part}/balanced_accuracy"]
        named = ("", "") if place else ("loss ", "balanced ")  # the others in the same order
        cells.append(f"{part} {named[0]}{loss:.3f}, {named[1]}{balanced:.3f}")
    return " | ".join([*cells, f"{seconds:6.1f} s"])


def duration_line(epoch: int, epochs: int, seconds: float, faster: str | None = None) -> str:
    """Say how long a training will take, by the seconds of the epoch that ended, from 1.

    `faster` names a recipe that comes to the same in less time.

    Example:
        >>> duration_line(1, 200, 90.0)
        '199 more epochs: about 5 h on this machine'
        >>> print(duration_line(1, 20, 8.0, "experiment=fast gets there in 2 epochs"))
        19 more epochs: about 3 min on this machine
        experiment=fast gets there in 2 epochs
    """
    more = epochs - epoch
    minutes = more * seconds / 60
    time_left = f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.0f} h"
    line = f"{more} more epochs: about {time_left} on this machine"
    return line if faster is None else f"{line}\n{faster}"
