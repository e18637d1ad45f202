"""Whether a scan looks like those that a run's network learned from."""

import io
import math
import zipfile
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from brain_tumor.data.files.bounded_file import read_file
from brain_tumor.errors import DataError
from brain_tumor.metrics.outliers import Neighbours, Spread
from brain_tumor.metrics.picture_features import KINDS, picture_features
from brain_tumor.runs.folder import RunFolder

TRUST_FILE = "trust.npz"
MOST_BYTES = 20 * 2**20
MOST_VALUES = 2**23  # of the reference's directions, two bytes each
MOST_STRANGE = 1e6  # also where a network gives no number

# What the file holds: type and number of dimensions of each array.
_ARRAYS = {"mean": ("<f8", 1), "steps": ("<f4", 2), "directions": ("<f2", 2), "units": ("<f8", 1)}


@dataclass(frozen=True)
class Trust:
    """What tells scans that do not look like the training scans.

    A scan is looked at as a picture, which needs no network, and as the run's network sees it. The
    larger of the two distances counts, each in units of what few held-out scans exceed.

    Attributes:
        threshold: A scan whose strangeness is above it does not look like the training scans.
        pictures: Texture and layout of training scans.
        seen: The network's features of training scans.
        picture_unit: Distance from `pictures` that few held-out scans exceed; above 0.
        seen_unit: Distance from `seen`, likewise.
    """

    threshold: ClassVar[float] = 1.0

    pictures: Spread
    seen: Neighbours
    picture_unit: float
    seen_unit: float

    @property
    def maps(self) -> int:
        """How many feature maps the network has that it was fitted to."""
        return int(self.seen.directions.shape[1])

    def look(
        self, images: npt.NDArray[np.uint8], features: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float64]:
        """Give how strange each scan is.

        Args:
            images: Scans as cropped and prepared, `(N, S, S)`, uint8, 0-255.
            features: Means of the network's last feature maps, `network.maps(x).mean((2, 3))`,
                `(N, F)`, float32.

        Returns:
            `(N,)`, float64, 0 to 1,000,000; strange above `threshold`.

        Raises:
            DataError: They are of another network than these were fitted to.
        """
        if features.shape[1] != self.maps:
            raise DataError(
                f"{TRUST_FILE} was fitted to a network with {self.maps} feature maps, this one has "
                f"{features.shape[1]}: evaluate the run again."
            )
        return self.strangeness(picture_features(images), features)

    def strangeness(
        self, pictures: npt.NDArray[np.float64], features: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float64]:
        """Give what `look` gives, of `picture_features(images)`."""
        known = np.asarray(np.isfinite(features).all(axis=1))
        with np.errstate(over="ignore", invalid="ignore"):  # what another wrote may hold any number
            found = np.maximum(
                self.pictures.score(pictures) / self.picture_unit,
                self.seen.score(np.where(known[:, np.newaxis], features, 0)) / self.seen_unit,
            )
        return np.minimum(np.where(known & ~np.isnan(found), found, MOST_STRANGE), MOST_STRANGE)


def write_trust(scored: RunFolder, trust: Trust) -> None:
    """Write `trust.npz` of a scored folder."""
    scored.write(TRUST_FILE, as_bytes(trust))


def open_trust(scored: RunFolder) -> Trust | None:
    """Read `trust.npz` of a scored folder; None where an older run left none.

    Raises:
        DataError: It is damaged, or holds something else. Nothing in it is run.
    """
    path = scored.path / TRUST_FILE
    if not path.exists():
        return None
    try:
        return from_bytes(read_file(path, MOST_BYTES))
    except Exception as error:  # zip, NumPy and the file system have a dozen kinds on damaged files
        raise DataError(
            f"{path} is damaged ({str(error).partition(chr(10))[0] or type(error).__name__}): "
            "evaluate the run again, or delete the file to do without."
        ) from error


def as_bytes(trust: Trust) -> bytes:
    """Give what `trust.npz` holds: the same bytes for the same numbers."""
    content = io.BytesIO()
    np.savez(
        content,
        mean=trust.pictures.mean,
        steps=trust.pictures.steps,
        directions=trust.seen.directions.astype(np.float16),
        units=np.array([trust.picture_unit, trust.seen_unit]),
    )
    return content.getvalue()


def from_bytes(content: bytes) -> Trust:
    """Give what `as_bytes` was given; whoever wrote them, nothing in them is run.

    Args:
        content: At most `MOST_BYTES`.

    Raises:
        Exception: They are damaged or hold something else; zip and NumPy have a dozen kinds.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if sorted(members) != sorted(f"{name}.npy" for name in _ARRAYS):
            raise ValueError("it holds other arrays")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
            raise ValueError("it is compressed")  # a few bytes could become more than memory holds
        found = {name: _array(archive.read(f"{name}.npy"), name) for name in _ARRAYS}
    mean, steps, directions = found["mean"], found["steps"], found["directions"]
    if mean.shape != (sum(KINDS),) or len(steps) != len(mean) or not steps.shape[1]:
        raise ValueError("its arrays do not fit each other")
    if not directions.size or directions.size > MOST_VALUES:
        raise ValueError("it has no reference")
    units = [float(value) for value in found["units"]]
    if len(units) != 2 or not all(value > 0 for value in units):
        raise ValueError("its units are not above 0")
    return Trust(Spread(mean, steps), Neighbours(directions.astype(np.float32)), *units)


def _array(content: bytes, name: str) -> npt.NDArray[Any]:
    # Not np.load, which takes as much memory as the header asks for, whatever follows it.
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"{name} is of another version")
    shape, columns_first, kind = np.lib.format.read_array_header_1_0(stream)
    data = stream.read()
    wanted, dimensions = _ARRAYS[name]
    if kind != np.dtype(wanted) or columns_first or len(shape) != dimensions:
        raise ValueError(f"{name} is of another kind")
    if math.prod(shape) * kind.itemsize != len(data):
        raise ValueError(f"{name} is cut off")
    values = np.frombuffer(data, kind).reshape(shape)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds values that are no numbers")
    return values
