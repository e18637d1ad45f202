"""What an export is, checked before anything is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from omegaconf import DictConfig

from brain_tumor.config.arguments import check_arguments
from brain_tumor.config.values import check_values
from brain_tumor.data.datamodule import check_loading
from brain_tumor.errors import ConfigError

MAX_SCANS = 100_000  # to calibrate by: beyond that nothing changes but the time
MAX_ROUNDS = 1000


@dataclass(frozen=True)
class ExportSettings:
    """What stands at the top of `conf/export.yaml`, as it says there."""

    run: str
    format: Literal["onnx", "pt2"]
    path: str | None
    overwrite: bool
    int8: bool
    calibration: int
    checkpoint: Literal["best", "last"] | None
    root: str | None
    batch_size: int | None
    rounds: int
    prepared: str = "data/prepared"
    keep_freed_memory: bool = True

    def __post_init__(self) -> None:
        if self.int8 and self.format != "onnx":
            raise ConfigError(
                f"int8=true is for ONNX files, format is {self.format}: leave one of them out."
            )
        if self.path is not None and Path(self.path).suffix != f".{self.format}":
            raise ConfigError(f"path must end in .{self.format}, as format says: {self.path}")
        for name, value, most in (
            ("calibration", self.calibration, MAX_SCANS),
            ("rounds", self.rounds, MAX_ROUNDS),
        ):
            if not 1 <= value <= most:
                raise ConfigError(f"{name} must be a whole number in 1..{most}: {value}")
        check_loading(1 if self.batch_size is None else self.batch_size, 0, 0)


def export_settings(config: DictConfig) -> ExportSettings:
    """Read what an export is; no file is looked at.

    Args:
        config: As `conf/export.yaml` composes it.

    Raises:
        ConfigError: A value is unknown, of the wrong kind or outside its range, or two contradict.
    """
    plain = check_values(config, "export")
    check_arguments(ExportSettings, plain)
    return ExportSettings(**plain)
