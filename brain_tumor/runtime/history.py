"""A line on the terminal and a row in metrics.csv for every epoch."""

import csv
import time
from pathlib import Path

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from tqdm import tqdm


class EpochHistory(Checkpoint):
    """Writes down what the classifier logged in an epoch.

    A `Checkpoint`, because Lightning calls those after the module's own hook: plain callbacks come
    before it and would see the scores of the epoch before.

    Args:
        path: Where `metrics.csv` goes; None writes none. A row is `epoch` (from 1), `seconds`
            (training and scoring of that epoch) and every logged value, in alphabetical order.
    """

    def __init__(self, path: str | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self._started = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line and append the row."""
        if not trainer.is_global_zero:
            return
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        logged.pop("step", None)
        epoch, seconds = trainer.current_epoch + 1, time.perf_counter() - self._started
        # Not print(): it would break the bar in two.
        tqdm.write(epoch_line(epoch, trainer.max_epochs, logged, seconds))
        if self.path is not None and not fast_dev_run(trainer):
            row = {"epoch": epoch, "seconds": round(seconds, 3), **dict(sorted(logged.items()))}
            fresh = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(row))
                if fresh:
                    writer.writeheader()
                writer.writerow(row)


def fast_dev_run(trainer: Trainer) -> bool:
    """Tell whether the Trainer only tries one batch of everything; it then keeps no files."""
    return bool(getattr(trainer, "fast_dev_run", False))  # set without being declared


def epoch_line(epoch: int, epochs: int | None, logged: dict[str, float], seconds: float) -> str:
    """Give an epoch's line: loss, accuracy and balanced accuracy of each part, and seconds.

    Example:
        >>> logged = {"loss/train": 1.2, "accuracy/train": 0.5, "balanced_accuracy/train": 0.4}
        >>> epoch_line(3, 200, logged, 12.34)
        'epoch   3/200 | train loss 1.2000 accuracy 0.5000 balanced 0.4000 |   12.3 s'
    """
    total = str(epochs) if epochs and epochs > 0 else "?"
    parts = [name.removeprefix("loss/") for name in logged if name.startswith("loss/")]
    shown = (("loss", "loss"), ("accuracy", "accuracy"), ("balanced", "balanced_accuracy"))
    cells = [f"epoch {epoch:>{max(3, len(total))}}/{total}"]
    for part in sorted(parts, key=lambda name: name != "train"):
        values = (f"{short} {logged[f'{name}/{part}']:.4f}" for short, name in shown)
        cells.append(f"{part} {' '.join(values)}")
    return " | ".join([*cells, f"{seconds:6.1f} s"])
