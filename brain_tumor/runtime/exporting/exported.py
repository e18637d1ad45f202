"""An exported file, opened: scans in, calibrated probabilities out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from brain_tumor.errors import WeightsError
from brain_tumor.runtime.exporting.facts import Facts, refused
from brain_tumor.runtime.exporting.onnx_file import open_onnx
from brain_tumor.runtime.exporting.pt2_file import open_pt2

Scans = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
Run = Callable[[Scans], Probabilities]

SUFFIXES = (".onnx", ".pt2")


@dataclass(frozen=True)
class Exported:
    """A network in a file of its own. Several threads may use it at once.

    Attributes:
        path: The file.
        classes: Class names, in the order of the probabilities.
        metadata: Further facts by name (`facts.gather_facts`): `model`, `checkpoint`,
            `fingerprint`, `version`, `notice`, `card`, `classes`, `temperature`, `threshold`,
            `threshold_fitted`, `healthy`, `crop`, `harmonise`.
    """

    path: Path
    classes: tuple[str, ...]
    metadata: Facts
    _run: Run = field(repr=False)

    @property
    def size(self) -> int:
        """Side of a scan in pixels."""
        return int(self.metadata["crop"]["size"])

    def probabilities(self, scans: Scans) -> Probabilities:
        """Classify scans on the CPU.

        Args:
            scans: `(N, 1, size, size)`, uint8, 0-255, cut as `metadata["crop"]` and
                `metadata["harmonise"]` say. All are held in memory at once.

        Returns:
            `(N, classes)`, float32, each row in [0, 1] with sum 1, calibrated where the run has a
            temperature.

        Raises:
            ValueError: They are of another kind or shape.
            WeightsError: The file gives anything else than probabilities.
        """
        side, classes = self.size, len(self.classes)
        if scans.dtype != np.uint8 or scans.shape[1:] != (1, side, side):
            raise ValueError(
                f"scans must be uint8 (N, 1, {side}, {side}): {scans.dtype} {scans.shape}"
            )
        if not len(scans):
            return np.zeros((0, classes), np.float32)
        given = self._run(np.ascontiguousarray(scans))
        if given.dtype != np.float32 or given.shape != (len(scans), classes):
            raise refused(self.path, f"it gives {given.dtype} {given.shape} for {len(scans)} scans")
        return given


def load_exported(path: Path, trusted: bool = False) -> Exported:
    """Open what `brain_tumor.export` wrote.

    Nothing of an ONNX file is run but its graph, whoever wrote it. A `.pt2` file is another matter:
    torch has no way to load one that would not also run code that was put into it (it unpickles
    and evaluates parts of it, and `weights_only` cannot be given), so somebody has to say that he
    trusts it.

    Args:
        path: The file, ending in `.onnx` or `.pt2`.
        trusted: Whether a `.pt2` file is known to be harmless.

    Raises:
        ConfigError: What runs it is not installed.
        WeightsError: The file is none of ours, is damaged or far too large, or is a `.pt2` that is
            not trusted.
    """
    path = path.expanduser()
    if path.suffix not in SUFFIXES:
        raise WeightsError(
            f"{path} is no exported model: its name has to end in {' or '.join(SUFFIXES)}."
        )
    return open_as(path.suffix.removeprefix("."), path, trusted)


def open_as(form: str, path: Path, trusted: bool) -> Exported:
    """Open a file of any name as `load_exported` does.

    Args:
        form: `onnx` or `pt2`.
        path: The file.
        trusted: See `load_exported`.
    """
    facts, run = open_onnx(path) if form == "onnx" else open_pt2(path, trusted)
    return Exported(path, tuple(facts["classes"]), facts, run)
