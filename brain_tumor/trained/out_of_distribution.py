"""Whether a scan looks like those that a run's network learned from."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from brain_tumor.errors import DataError
from brain_tumor.files.bounded_file import read_file
from brain_tumor.metrics.outliers import Neighbours, Spread
from brain_tumor.metrics.picture_features import KINDS, picture_features
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import FlaggedShares

OOD_FILE = "ood.npz"
EARLIER_FILE = "trust.npz"  # its name up to version 0.6
MAX_BYTES = 20 * 2**20
MAX_VALUES = 2**23  # of the reference's directions, two bytes each
MAX_SCORE = 1e6  # also where a network gives no number

# What the file holds: type and number of dimensions of each array.
_ARRAYS = {"mean": ("<f8", 1), "steps": ("<f4", 2), "directions": ("<f2", 2), "units": ("<f8", 1)}


@dataclass(frozen=True)
class OODDetector:
    """What tells scans that do not look like the training scans.

    A scan is looked at as a picture, which needs no network, and as the run's network sees it. The
    larger of the two distances counts, each in units of what few held-out scans exceed.

    Attributes:
        threshold: A scan of a higher score does not look like the training scans.
        pictures: Texture and layout of training scans.
        features_of_training: The network's features of training scans.
        picture_unit: Distance from `pictures` that few held-out scans exceed; above 0.
        feature_unit: Distance from `features_of_training`, likewise.
    """

    threshold: ClassVar[float] = 1.0

    pictures: Spread
    features_of_training: Neighbours
    picture_unit: float
    feature_unit: float

    @property
    def feature_maps(self) -> int:
        """How many feature maps the network has that it was fitted to."""
        return int(self.features_of_training.directions.shape[1])

    def score(
        self, images: npt.NDArray[np.uint8], features: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float64]:
        """Score how unlike the training scans each scan is.

        Args:
            images: Scans as cropped and prepared, `(N, S, S)`, uint8, 0-255.
            features: Means of the network's last feature maps, `(N, F)`, float32.

        Returns:
            `(N,)`, float64, 0 to 1,000,000; out of distribution above `threshold`.

        Raises:
            DataError: They are of another network than these were fitted to.
        """
        if features.shape[1] != self.feature_maps:
            raise DataError(
                f"{OOD_FILE} was fitted to a network with {self.feature_maps} feature maps, "
                f"this one has {features.shape[1]}: evaluate the run again."
            )
        return self.score_features(picture_features(images), features)

    def score_features(
        self, pictures: npt.NDArray[np.float64], features: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float64]:
        """Give what `score` gives, of `picture_features(images)`."""
        known = np.asarray(np.isfinite(features).all(axis=1))
        with np.errstate(over="ignore", invalid="ignore"):  # what another wrote may hold any number
            found = np.maximum(
                self.pictures.score(pictures) / self.picture_unit,
                self.features_of_training.score(np.where(known[:, np.newaxis], features, 0))
                / self.feature_unit,
            )
        return np.minimum(np.where(known & ~np.isnan(found), found, MAX_SCORE), MAX_SCORE)

    def flag(self, scores: Mapping[str, npt.NDArray[np.float64]]) -> FlaggedShares:
        """Count the scans that are out of distribution by their scores, per part."""
        shares = {part: float(np.mean(own > self.threshold)) for part, own in scores.items()}
        return FlaggedShares(self.threshold, shares)


def write_ood_detector(scored: RunFolder, detector: OODDetector) -> None:
    """Write `ood.npz` of a scored folder."""
    scored.write(OOD_FILE, as_bytes(detector))


def open_ood_detector(scored: RunFolder) -> OODDetector | None:
    """Read `ood.npz` of a scored folder; None where an older run left none.

    Raises:
        DataError: It is damaged, or holds something else. Nothing in it is run.
    """
    paths = [scored.path / name for name in (OOD_FILE, EARLIER_FILE)]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        return None
    try:
        return from_bytes(read_file(path, MAX_BYTES))
    except Exception as error:  # zip, NumPy and the file system have a dozen kinds on damaged files
        raise DataError(
            f"{path} is damaged ({str(error).partition(chr(10))[0] or type(error).__name__}): "
            "evaluate the run again, or delete the file to do without."
        ) from error


def as_bytes(detector: OODDetector) -> bytes:
    """Give what `ood.npz` holds: the same bytes for the same numbers."""
    content = io.BytesIO()
    np.savez(
        content,
        mean=detector.pictures.mean,
        steps=detector.pictures.steps,
        directions=detector.features_of_training.directions.astype(np.float16),
        units=np.array([detector.picture_unit, detector.feature_unit]),
    )
    return content.getvalue()


def from_bytes(content: bytes) -> OODDetector:
    """Give what `as_bytes` was given, from at most `MAX_BYTES`; nothing in them is run.

    Raises:
        Exception: They are damaged or hold something else; zip and NumPy have a dozen kinds.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        members = file.zip.infolist()
        if sorted(file.files) != sorted(_ARRAYS):
            raise ValueError("it holds other arrays")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("it is compressed")  # a few bytes could become more than memory holds
        if file.zip.testzip():
            raise ValueError("its checksum is another")
        found = {name: file[name] for name in _ARRAYS}
    for name, (kind, dimensions) in _ARRAYS.items():
        if found[name].dtype != kind or found[name].ndim != dimensions:
            raise ValueError(f"{name} is of another kind")
        if not np.isfinite(found[name]).all():
            raise ValueError(f"{name} holds values that are no numbers")
    mean, steps, directions = found["mean"], found["steps"], found["directions"]
    if mean.shape != (sum(KINDS),) or len(steps) != len(mean) or not steps.shape[1]:
        raise ValueError("its arrays do not fit each other")
    if not directions.size or directions.size > MAX_VALUES:
        raise ValueError("it has no reference")
    units = [float(value) for value in found["units"]]
    if len(units) != 2 or not all(value > 0 for value in units):
        raise ValueError("its units are not above 0")
    return OODDetector(Spread(mean, steps), Neighbours(directions.astype(np.float32)), *units)
