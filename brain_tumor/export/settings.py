"""What an export is, checked before anything is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from omegaconf import DictConfig

from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.values import check_values
from brain_tumor.errors import ConfigError
from brain_tumor.settings import BatchSize, Range, Settings
from brain_tumor.trust import Modules


@dataclass(frozen=True)
class ExportSettings(Settings):
    """What stands at the top of `conf/export.yaml`, as it says there."""

    run: str
    format: Literal["onnx", "pt2"]
    path: str | None
    release: str | None
    overwrite: bool
    int8: bool
    calibration: Annotated[int, Range(1, 100_000)]  # beyond that nothing changes but the time
    checkpoint: Literal["best", "last"] | None
    root: str | None
    batch_size: BatchSize | None
    rounds: Annotated[int, Range(1, 1000)]
    prepared: str = "data/prepared"
    keep_freed_memory: bool = True
    trust: Modules = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.int8 and self.format != "onnx":
            raise ConfigError(
                f"int8=true is for ONNX files, format is {self.format}: leave one of them out."
            )
        if self.release is not None and self.format != "onnx":
            raise ConfigError(
                f"release is for ONNX files, format is {self.format}: leave format out."
            )
        if self.path is not None and Path(self.path).suffix != f".{self.format}":
            raise ConfigError(f"path must end in .{self.format}, as format says: {self.path}")


def export_settings(config: DictConfig) -> ExportSettings:
    """Read what an export is; no file is looked at.

    Args:
        config: As `conf/export.yaml` composes it.

    Raises:
        ConfigError: A value is unknown, of the wrong kind or outside its range, or two contradict.
    """
    return parse_settings(ExportSettings, check_values(config, "export"))
