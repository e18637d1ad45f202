"""A run folder: everything that one training leaves behind."""

import contextlib
import csv
import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from brain_tumor.errors import DataError

PACKAGES = ("torch", "torchvision", "lightning", "torchmetrics", "numpy", "opencv-python")


@dataclass(frozen=True)
class RunFolder:
    """Names and formats of what lies in a run folder."""

    path: Path

    def claim(self, mark: str = "run.json", key: str = "run_folder") -> None:
        """Make sure that no earlier result lies here; nothing is written.

        Args:
            mark: The file that tells.
            key: What to change in the configuration.

        Raises:
            DataError: One does.
        """
        if (self.path / mark).exists() or self.checkpoints.exists():
            raise DataError(
                f"{self.path} holds an earlier result, which is not overwritten: give another "
                f"folder as {key}=..., or leave it to the program."
            )

    def create(self, key: str = "runs") -> None:
        """Make the folder.

        Args:
            key: What to change in the configuration where that fails.

        Raises:
            DataError: It cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"The run folder {self.path} cannot be made ({error.strerror}): give a writable "
                f"folder as {key}=..."
            ) from error

    @property
    def checkpoints(self) -> Path:
        """Folder of `best.ckpt` (where there is a validation part) and `last.ckpt`."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """Folder of pictures."""
        return self.path / "figures"

    def checkpoint(self, name: str | None) -> Path:
        """Find a checkpoint by name, `best` or `last`; None takes the best there is.

        Raises:
            DataError: It is not there.
        """
        names = [name] if name else ["best", "last"]
        for candidate in names:
            path = self.checkpoints / f"{candidate}.ckpt"
            if path.is_file():
                return path
        raise DataError(
            f"{self.path} has no checkpoint {' or '.join(names)}: give the folder that training "
            "printed as run=..., or train again."
        )

    def write_config(self, config: DictConfig) -> None:
        """Write the resolved configuration to `config.yaml`."""
        (self.path / "config.yaml").write_text(
            OmegaConf.to_yaml(config, resolve=True), encoding="utf-8"
        )

    def read_config(self) -> DictConfig:
        """Read `config.yaml`.

        Raises:
            DataError: The folder is no run folder.
        """
        path = self.path / "config.yaml"
        if not path.is_file():
            raise DataError(
                f"{self.path} is no run folder, it has no config.yaml: give the folder that "
                "training printed as run=..."
            )
        try:
            config = OmegaConf.load(path)
        except Exception as error:  # YAML, OmegaConf and the file system have their own kinds
            raise DataError(f"{path} is damaged: take another run folder.") from error
        if not isinstance(config, DictConfig):
            raise DataError(f"{path} is no configuration: take another run folder.")
        return config

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file; numbers that are not defined have to be None."""
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
        (self.path / name).write_text(text, encoding="utf-8")

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file.

        Raises:
            DataError: It is missing or damaged.
        """
        try:
            content = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.path / name} cannot be read ({error}): take a run folder whose training "
                "came to its end."
            ) from error
        return dict(content)

    def write_rows(self, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write a CSV file."""
        with (self.path / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)

    def read_rows(self, name: str) -> list[dict[str, str]]:
        """Read a CSV file.

        Raises:
            DataError: It is missing.
        """
        try:
            with (self.path / name).open(newline="", encoding="utf-8") as file:
                return list(csv.DictReader(file))
        except OSError as error:
            raise DataError(
                f"{self.path / name} cannot be read ({error.strerror}): take a whole run folder."
            ) from error


def provenance() -> dict[str, Any]:
    """Tell what made a number: command, versions, machine and git commit (None outside one)."""
    return {
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "versions": {"python": platform.python_version()}
        | {name: _installed(name) for name in ("brain-tumor", *PACKAGES)},
        "machine": f"{platform.system()} {platform.machine()}",
        "git": _git_commit(),
    }


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # headless OpenCV, or a checkout that is not installed
        return None


def _git_commit() -> str | None:
    # Of the package's own checkout. An installed package may lie inside somebody's repository, and
    # so may the folder a user works in: neither commit says anything about this code.
    root = Path(__file__).resolve().parents[2]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if Path(_git(root, "rev-parse", "--show-toplevel")) == root:
            return _git(root, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
    return None


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return ended.stdout.strip()
