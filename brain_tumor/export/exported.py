"""An exported file, opened: scans in, calibrated probabilities and features out."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from brain_tumor.errors import WeightsError
from brain_tumor.export.formats.onnx_file import open_onnx
from brain_tumor.export.formats.pt2_file import open_pt2
from brain_tumor.export.graph import OUTPUTS, Run, Scans, Values
from brain_tumor.export.metadata import Facts, refused
from brain_tumor.trained.out_of_distribution import OODDetector, from_bytes

SUFFIXES = (".onnx", ".pt2")


@dataclass(frozen=True)
class Exported:
    """A network in a file of its own. Several threads may use it at once.

    `detector` scores scans as out of distribution; None where the run had none.
    """

    path: Path
    metadata: Facts
    detector: OODDetector | None
    _run: Run = field(repr=False)

    def predict(self, scans: Scans) -> tuple[Values, Values]:
        """Predict scans on the CPU.

        Args:
            scans: `(N, 1, size, size)`, uint8, 0-255, N at least 1, cut as `metadata.crop` and
                `metadata.harmonise` say. All are held in memory at once.

        Returns:
            Probabilities `(N, classes)`, float32, each row in [0, 1] with sum 1, calibrated where
            the run has a temperature; and means of the network's last feature maps `(N, F)`,
            float32, which `detector` takes.

        Raises:
            WeightsError: The file gives anything else.
        """
        maps = None if self.detector is None else self.detector.feature_maps
        wide = (len(self.metadata.classes), maps)
        outputs = self._run(np.ascontiguousarray(scans))
        for name, values, wanted in zip(OUTPUTS, outputs, wide, strict=True):
            width = values.shape[-1] if wanted is None and values.ndim else wanted
            if values.dtype != np.float32 or values.shape != (len(scans), width):
                message = f"{name} are {values.dtype} {values.shape} for {len(scans)} scans"
                raise refused(self.path, f"its {message}")
        if not np.isfinite(outputs[0]).all():
            raise refused(self.path, "it gives probabilities that are no numbers")
        return outputs


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
    """Open a file of any name as `load_exported` does; `form` is `onnx` or `pt2`."""
    facts, run = open_onnx(path) if form == "onnx" else open_pt2(path, trusted)
    try:
        detector = None if facts.ood is None else from_bytes(facts.ood)
    except Exception as error:  # zip and NumPy have a dozen kinds on damaged bytes
        raise refused(path, "its detector is damaged") from error
    return Exported(path, facts, detector, run)
