"""New scans from Python: what `python -m brain_tumor.predict` does, without a command line.

Example:
    from brain_tumor import load_classifier

    classifier = load_classifier("runs/report_gbmnet/gbmnet/...")
    print(classifier.predict("scan.jpg"))
"""

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from PIL import Image

from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import DataError
from brain_tumor.files.scans import Grey, ScanError
from brain_tumor.predict.inputs import find_files
from brain_tumor.predict.model import Model, open_model
from brain_tumor.predict.predictions import Prediction, Unusable, predict_files, predict_scans
from brain_tumor.predict.reader import Reader, files_and_volumes
from brain_tumor.trained.abstention import Abstention
from brain_tumor.trust import Modules, trusting

__all__ = ["Classifier", "Prediction", "Scan", "Unusable", "load_classifier"]

Scan = str | PathLike[str] | bytes | bytearray | memoryview | Image.Image | npt.NDArray[np.uint8]


class Classifier:
    """A trained network that takes scans of any kind. Several threads may use it at once.

    Args:
        model: The network.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._reader = Reader(model.crop, model.harmonise, model.volume)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self._model.classes

    @overload  # text is a sequence of texts, but never meant so
    def predict(self, scans: Scan) -> Prediction: ...  # type: ignore[overload-overlap]

    @overload
    def predict(self, scans: Sequence[Scan]) -> list[Prediction]: ...

    def predict(self, scans: Scan | Sequence[Scan]) -> Prediction | list[Prediction]:
        """Predict a scan, or several in one batch.

        Args:
            scans: A path, the bytes of a file, a picture of PIL's, or an array `(H, W)` or
                `(H, W, 3)`, uint8, 0-255, red first; the whole scan, as it is cut here. Or a list
                or tuple of those: all are held in memory, `predict_files` takes any number.

        Returns:
            A prediction for a scan; a list for several, in their order, with one for each frame or
            page of a file and each chosen slice of a NIfTI file.

        Raises:
            DataError: One cannot be read or decoded, or shows nothing; or a scan that is given
                alone is a file of several frames.
            TypeError: It is none of those.
        """
        if isinstance(scans, (list, tuple)):
            read = [one for scan in scans for one in self._cut(scan)]
        else:
            read = self._cut(scans)
            if len(read) > 1:
                raise DataError(
                    f"{_name(scans)} holds {len(read):,} frames or slices: give it in a list, "
                    "[scan], to get a prediction for each."
                )
        pixels = np.array([one for _, one in read], np.uint8)
        found = predict_scans(self._model, pixels, [source for source, _ in read])
        return found if isinstance(scans, (list, tuple)) else found[0]

    def predict_files(
        self, files: str | PathLike[str] | Iterable[str | PathLike[str]], batch_size: int = 32
    ) -> Iterator[Prediction | Unusable]:
        """Predict any number of files in bounded memory, one after the other.

        Args:
            files: Files, folders, which stand for all files below them, and globs.
            batch_size: Scans that the network takes at once.

        Returns:
            A prediction for each scan, and the reason for each file that could not be used, in
            their order.

        Raises:
            DataError: One of the files, folders or globs leads to no file.
        """
        values = [files] if isinstance(files, (str, PathLike)) else files
        found = find_files([fspath(one) for one in values])
        batches = predict_files(self._model, found, batch_size)
        return (result for batch in batches for result in batch.results)

    def _cut(self, scan: Any) -> list[tuple[str | None, Grey]]:
        if isinstance(scan, (str, PathLike)):
            path = Path(scan).expanduser()
            if path.is_dir():
                raise DataError(
                    f"{path} is a folder: give its files, or the folder to brain_tumor.predict(RUN,"
                    " FOLDER)."
                )
            (place,) = files_and_volumes([path])
            read = [self._reader.read(one) for one in self._reader.scans(place)]
            for one in read:
                if one.pixels is None:
                    raise DataError(f"{one.name} cannot be used, it is {one.reason}.")
            return [(one.name, one.pixels) for one in read if one.pixels is not None]
        if not isinstance(scan, (bytes, bytearray, memoryview, Image.Image, np.ndarray)):
            raise TypeError(
                f"a scan is a path, bytes, a picture of PIL's or an array, not {type(scan)}"
            )
        try:
            return [(None, cut()) for cut in self._reader.cut(scan)]
        except ScanError as error:
            raise DataError(f"{_name(scan)} cannot be used: {error}.") from error


def load_classifier(
    path: str | PathLike[str],
    *,
    checkpoint: str | None = None,
    accelerator: str = "auto",
    abstention_error: float = 0.05,
    trusted: bool = False,
    trust: Modules = None,
) -> Classifier:
    """Load the network of a run, or one that was exported, with all that its answers need.

    Args:
        path: A run's folder, or a file that `python -m brain_tumor.export` wrote.
        checkpoint: Of a run, `best` or `last`; None takes the one that training scored.
        accelerator: `auto`, `cpu`, `gpu` or `mps`; an exported file runs on the CPU.
        abstention_error: A prediction has low confidence below the confidence from which on this
            share of the run's validation scans is answered wrongly; where it has none, below 1
            minus this.
        trusted: Whether an exported `.pt2` file is known to be harmless: it may run code.
        trust: Modules that the run's network comes from, where it is not ours.

    Raises:
        BrainTumorError: It is no run and no exported file, or is damaged, or its network is code
            of others that is not trusted.
    """
    hush_lightning()
    abstain = Abstention(abstention_error)
    with trusting(trust):
        return Classifier(open_model(Path(path), abstain, checkpoint, accelerator, trusted))


def _name(scan: Any) -> str:
    return str(scan) if isinstance(scan, (str, PathLike)) else f"The {type(scan).__name__}"
