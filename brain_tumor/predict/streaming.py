"""Any number of files through a network, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from brain_tumor.files.parallel import each
from brain_tumor.predict.model import Model, Scans
from brain_tumor.predict.predictions import Prediction, Unusable, predict_scans
from brain_tumor.predict.reader import NewScan, Piece, Reader, files_and_volumes

LOOKING, PREDICTING = "looking at files", "predicting scans"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Batch:
    """Some files in their order.

    Attributes:
        results: What became of each file, or frame.
        scans: Those that were predicted, as the network took them, `(N, size, size)`, uint8.
    """

    results: list[Prediction | Unusable]
    scans: Scans


def predict_files(
    model: Model,
    files: Sequence[Path],
    batch_size: int = 32,
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """Predict files, in their order; one that cannot be used stops none of the others.

    Files are read and cut by a thread per core while the network is at work, a few hundred scans
    ahead of it at most.

    Args:
        model: The network.
        files: Pictures and DICOM files, each frame or page of which counts as a scan, and volumes:
            NIfTI files and DICOM series, of which the slices that `model.volume` chooses do.
        batch_size: Files to a batch.
        progress: Called with what is being done, how much of it is done, and how much there is.
    """
    reader = Reader(model.crop, model.harmonise, model.volume)
    tell = progress or (lambda *_: None)
    pieces: list[Piece] = []
    places = files_and_volumes(files)
    for done, found in enumerate(each(reader.pieces, places)):
        pieces += found
        tell(LOOKING, done + 1, len(places))
    read = each(reader.read, pieces)
    done = 0
    while batch := list(islice(read, batch_size)):
        yield _predicted(model, batch)
        done += len(batch)
        tell(PREDICTING, done, len(pieces))


def _predicted(model: Model, batch: Sequence[NewScan]) -> Batch:
    size = model.crop.size
    usable = [(scan.name, scan.pixels) for scan in batch if scan.pixels is not None]
    scans = np.array([pixels for _, pixels in usable], np.uint8).reshape(-1, size, size)
    said = iter(predict_scans(model, scans, [name for name, _ in usable]))
    results = [
        Unusable(scan.name, scan.reason) if scan.pixels is None else next(said) for scan in batch
    ]
    return Batch(results, scans)
