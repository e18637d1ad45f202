"""Does an exported file say what its checkpoint says?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Rows
from brain_tumor.errors import WeightsError
from brain_tumor.rendering.numbers import format_counted
from brain_tumor.trained.network import Trained
from brain_tumor.trained.out_of_distribution import OODDetector

# Probabilities are told with four decimals. Other orders of adding part float32 by about 1e-6.
TOLERANCE = 1e-4
ALONE = 32  # scans that are also classified one by one

Scans = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float64]
# Probabilities `(N, classes)` and features `(N, F)`.
Predict = Callable[[Scans], tuple[npt.NDArray[np.floating], npt.NDArray[np.float32]]]


def checkpoint_side(trained: Trained) -> Predict:
    """Give what looks with the checkpoint itself at scans `(N, 1, size, size)`."""
    temperature = trained.chosen.temperature or 1.0
    network = trained.network

    def predict(scans: Scans) -> tuple[Probabilities, npt.NDArray[np.float32]]:
        with torch.inference_mode():
            found = network.forward_features(torch.from_numpy(scans))
            logits = network.forward_head(found).double()
            likely: Probabilities = torch.softmax(logits / temperature, 1).numpy()
            features: npt.NDArray[np.float32] = network.pool_features(found).float().numpy()
        return likely, features

    return predict


@dataclass(frozen=True)
class Part:
    """Scans of a part of a run's split: rows `(N,)` of images `(M, size, size)`, their labels."""

    images: Scans
    rows: Rows
    labels: Rows

    @classmethod
    def of(cls, datamodule: ScanDataModule, part: str) -> "Part":
        """Take a part of a run's data, such as `test`."""
        prepared, rows = datamodule.prepared, datamodule.split.parts[part]
        return cls(prepared.images, rows, prepared.labels[rows])

    def spaced(self, most: int) -> "Part":
        """Take up to `most` scans, evenly through all of them: parts are stored class by class."""
        places = np.linspace(0, len(self.rows) - 1, min(most, len(self.rows))).round()
        chosen = places.astype(np.int64)
        return Part(self.images, self.rows[chosen], self.labels[chosen])

    def batches(self, size: int) -> Iterator[Scans]:
        """Cut them into batches `(n, 1, size, size)`, uint8."""
        for start in range(0, len(self.rows), size):
            yield self.images[self.rows[start : start + size]][:, None]


@dataclass(frozen=True)
class Side:
    """The checkpoint or a file made of it, and what it says of N test scans.

    Attributes:
        name: What it is.
        file: Its file.
        predict: What runs it.
        probabilities: `(N, classes)`, float64.
        out_of_distribution: Share of scans that do not look like the training scans; None where
            this cannot be told.
    """

    name: str
    file: Path
    predict: Predict
    probabilities: Probabilities
    out_of_distribution: float | None

    @classmethod
    def of(
        cls,
        name: str,
        file: Path,
        predict: Predict,
        detector: OODDetector | None,
        test: Part,
        batch_size: int,
    ) -> "Side":
        """Let it classify the test scans, `batch_size` at once, and flag as its detector does."""
        found, flagged = [], 0
        for batch in test.batches(batch_size):
            probabilities, features = predict(batch)
            found.append(np.asarray(probabilities, np.float64))
            if detector is not None:
                flagged += int(np.sum(detector.score(batch[:, 0], features) > detector.threshold))
        share = None if detector is None else flagged / len(test.rows)
        return cls(name, file, predict, np.concatenate(found), share)

    def largest_difference(self, other: "Side") -> float:
        """Give the largest difference of a probability; not a number where one side has none."""
        return float(np.abs(self.probabilities - other.probabilities).max())


def check_agreement(ours: Side, checkpoint: Side, test: Part) -> None:
    """Make sure that an exported file says what its checkpoint says, in batches and one by one.

    WeightsError where some probability differs by more than `TOLERANCE`, or is no number.
    """
    few = test.spaced(ALONE)
    alone = [Side.of("", side.file, side.predict, None, few, 1) for side in (ours, checkpoint)]
    for first, second in (alone, (ours, checkpoint)):
        largest = first.largest_difference(second)
        if not largest <= TOLERANCE:
            raise WeightsError(
                f"The exported file was removed, as it parts from the checkpoint by {largest:.2g} "
                f"in a probability, {TOLERANCE:g} is allowed (tried on "
                f"{format_counted(len(test.rows), 'test scan')}): give another format, or another "
                "version of torch or onnxruntime."
            )
