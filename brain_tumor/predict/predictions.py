"""From a network's probabilities to what is said of each scan, of any number of files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from brain_tumor.files.parallel import each
from brain_tumor.files.source import Scan
from brain_tumor.predict.model import Model, Scans
from brain_tumor.predict.reader import NewScan, Reader, files_and_volumes

LOOKING, PREDICTING = "looking at files", "predicting scans"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Prediction:
    """What is said of a scan. For research, not for diagnosis.

    Attributes:
        source: Where the scan came from: a path, with `#3` for the third frame of a file;
            None where it was in memory.
        label: The likeliest class.
        probabilities: Of each class, by name, in [0, 1]; calibrated where the run has a
            temperature.
        tumour: Whether a tumour is called at the run's operating point; None where the classes
            have no healthy one.
        ood_score: How little the scan looks like those of training; None where the model cannot
            tell.
        out_of_distribution: Whether that is too much to believe the answer; None likewise.
        low_confidence: Whether the answer's probability is lower than where answers can be
            believed.
        tumour_probability: Of all classes with a tumour together, in [0, 1]; None where the classes
            have no healthy one.
    """

    source: str | None
    label: str
    probabilities: Mapping[str, float]
    tumour: bool | None
    ood_score: float | None
    out_of_distribution: bool | None
    low_confidence: bool
    tumour_probability: float | None = None

    @property
    def confidence(self) -> float:
        """Probability of the likeliest class."""
        return self.probabilities[self.label]


@dataclass(frozen=True)
class Unusable:
    """A file, or a frame of one, that nothing can be said of.

    Attributes:
        source: Which.
        reason: Why not.
    """

    source: str
    reason: str


def predict_scans(model: Model, scans: Scans, sources: Sequence[str | None]) -> list[Prediction]:
    """Say what a network says of scans `(N, size, size)`, uint8, 0-255, cut as the model's own."""
    if not len(scans):
        return []
    output = model.predict(scans)
    ood_score = [None] * len(scans) if output.ood_score is None else output.ood_score.tolist()
    found = []
    threshold, healthy = model.chosen.threshold, model.healthy
    for source, row, odd in zip(sources, output.probabilities, ood_score, strict=True):
        number, likely = int(row.argmax()), None
        if healthy is not None and threshold is not None:
            # A sum of the others, as where the threshold was chosen (`trained.operating_point`).
            likely = min(float(np.delete(row, model.classes.index(healthy)).sum()), 1.0)
        found.append(
            Prediction(
                source,
                model.classes[number],
                dict(zip(model.classes, row.tolist(), strict=True)),
                None if likely is None or threshold is None else likely >= threshold,
                odd,
                None if odd is None or model.ood_threshold is None else odd > model.ood_threshold,
                bool(row[number] < model.confident_from),
                likely,
            )
        )
    return found


@dataclass(frozen=True)
class Batch:
    """What became of some files or frames, in their order, and the scans that were predicted."""

    results: list[Prediction | Unusable]
    scans: Scans


def predict_files(
    model: Model,
    files: Sequence[Path],
    batch_size: int = 32,
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """Predict files, in their order; one that cannot be used stops none of the others.

    Each frame or page of a picture or DICOM file counts as a scan, and each slice of a volume that
    `model.volume` chooses. Files are read and cut by a thread per core while the network is at
    work, a few hundred scans ahead of it at most. `progress` is called with what is being done, how
    much of it is done, and how much there is.
    """
    reader = Reader(model.crop, model.harmonise, model.volume)
    tell = progress or (lambda *_: None)
    scans: list[Scan] = []
    places = files_and_volumes(files)
    for done, found in enumerate(each(reader.scans, places)):
        scans += found
        tell(LOOKING, done + 1, len(places))
    read = each(reader.read, scans)
    done = 0
    while batch := list(islice(read, batch_size)):
        yield _predicted(model, batch)
        done += len(batch)
        tell(PREDICTING, done, len(scans))


def _predicted(model: Model, batch: Sequence[NewScan]) -> Batch:
    size = model.crop.size
    usable = [(scan.name, scan.pixels) for scan in batch if scan.pixels is not None]
    scans = np.array([pixels for _, pixels in usable], np.uint8).reshape(-1, size, size)
    said = iter(predict_scans(model, scans, [name for name, _ in usable]))
    results = [
        Unusable(scan.name, scan.reason) if scan.pixels is None else next(said) for scan in batch
    ]
    return Batch(results, scans)
