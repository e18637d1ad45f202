"""A run folder: everything that one training leaves behind."""

import contextlib
import csv
import errno
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf

from brain_tumor.data.plain_config import read_plain_config
from brain_tumor.dataclass_json import to_plain
from brain_tumor.errors import DataError
from brain_tumor.files.bounded_file import read_file, read_gzip
from brain_tumor.files.table_file import plain_cell, spreadsheet_cell
from brain_tumor.runs.atomic_file import check_no_link, check_no_links, written_whole
from brain_tumor.runs.checksums import FILE, check, checksum, read_checksums
from brain_tumor.runs.earlier_versions import upgrade

# Bytes of a compressed table: 60,000 scans take about 10 MB, and a few bytes could become more than
# memory holds.
MAX_UNPACKED = 2**27
# What to do about a file that is missing or damaged.
AGAIN = "take the run folder as training left it, or evaluate the run again"


@dataclass(frozen=True)
class RunFolder:
    """Names and formats of what lies in a run folder, or in a part of the run folder `root`.

    Whatever is written is there whole or not at all, and never behind a link inside the folder.
    """

    path: Path
    root: Path | None = None

    def part(self, *names: str) -> "RunFolder":
        """Give a folder inside this one."""
        return RunFolder(self.path.joinpath(*names), self.root or self.path)

    @property
    def display_path(self) -> Path:
        """The folder as a command is given it: relative where that is shorter."""
        return (
            self.path.relative_to(Path.cwd()) if self.path.is_relative_to(Path.cwd()) else self.path
        )

    def claim(self, mark: str = "run.json", key: str = "run_folder") -> None:
        """Make sure that no earlier result lies here, by its file `mark`; nothing is written.

        The DataError names `key` as what to change.
        """
        if (self.path / mark).exists() or self.checkpoints.exists():
            raise DataError(
                f"{self.path} holds an earlier result, which is not overwritten: give another "
                f"folder as {key}=..., or leave it to the program."
            )

    def create(self, key: str = "runs") -> None:
        """Make the folder; the DataError names `key` as what to change."""
        check_no_link(self.root or self.path, self.path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"The run folder {self.path} cannot be made ({error.strerror}): give a writable "
                f"folder as {key}=..."
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training into the folder; a killed one keeps nobody out.

        DataError where one trains there now, or where a logger or a checkpoint would follow a link.
        """
        check_no_links(self.path)
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise DataError(
                f"Another process is training in {self.path}: wait for its end, or stop it."
            ) from error
        except OSError as error:
            raise DataError(
                f"{self.path} cannot be written ({error.strerror}): make the folder writable, or "
                "take a copy of it."
            ) from error
        try:
            yield
        finally:
            lock.release()

    @property
    def checkpoints(self) -> Path:
        """Folder of `best.ckpt` (where there is a validation part) and `last.ckpt`."""
        return self.path / "checkpoints"

    def checkpoint(self, name: str | None) -> Path:
        """Find a checkpoint by name, `best` or `last`; None takes the best there is."""
        there = [one for one in ("best", "last") if (self.checkpoints / f"{one}.ckpt").is_file()]
        names = [name] if name else ["best", "last"]
        for candidate in names:
            if candidate in there:
                return self.checkpoints / f"{candidate}.ckpt"
        if there:
            raise DataError(
                f"{self.path} has no checkpoint {name}, which a run without a validation part does "
                f"not keep: give checkpoint={there[0]}, or leave it out."
            )
        raise DataError(
            f"{self.path} has no checkpoint {' or '.join(names)}: give the folder that training "
            "printed as run=..., or train again."
        )

    def write_config(self, config: DictConfig) -> None:
        """Write the resolved configuration to `config.yaml`."""
        self.write("config.yaml", OmegaConf.to_yaml(config, resolve=True).encode())

    def read_config(self, as_written: bool = False) -> DictConfig:
        """Read `config.yaml`, which is plain: whoever wrote it, nothing in it is looked up.

        `as_written` leaves settings of earlier versions; else they become today's. DataError where
        the folder is no run folder, or the file refers to something else, such as the environment.
        """
        path = self.path / "config.yaml"
        found = run_of_checkpoint(self.path)
        if found is not None:
            raise DataError(
                f"{self.path} is a checkpoint: give its run, as run={found} "
                f"checkpoint={self.path.stem}"
            )
        if not path.is_file():
            raise DataError(
                f"{self.path} is no run folder, it has no config.yaml: give the folder that "
                "training printed as run=..."
            )
        config = read_plain_config(path)
        return config if as_written else upgrade(config)

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole; a link in its place is replaced, one on the way is a DataError.

        A full disk stays an OSError, which the command tells with what to do about it.
        """
        place = self.path / name
        check_no_link(self.root or self.path, place.parent)
        try:
            with written_whole(place) as file:
                file.write(content)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):  # told with what to do about it
                raise
            raise DataError(
                f"{place} cannot be written ({error.strerror}): make the folder writable, or take "
                "a copy of it."
            ) from error

    def write_figure(self, name: str, content: bytes) -> None:
        """Write a picture into `figures/`, as `write` does."""
        self.write(f"figures/{name}", content)

    def write_json(self, name: str, content: Mapping[str, Any], checked: bool = False) -> None:
        """Write a JSON file; numbers that are not defined have to be None."""
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
        if checked:
            self._write_checked(name, text.encode())
        else:
            self.write(name, text.encode())

    def read_json(self, name: str, again: str = AGAIN) -> dict[str, Any]:
        """Read a JSON file; DataError, with what to do `again`, where it is missing or damaged."""
        path = self.path / name
        try:
            text = read_file(path)
            content = json.loads(text)
            if not isinstance(content, dict):
                raise ValueError("it holds no named values")
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(f"{path} cannot be read ({error}): {again}.") from error
        check(path, text, read_checksums(self.path).get(name))
        return content

    def write_rows(self, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write a CSV file, and its checksum."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerows([spreadsheet_cell(cell) for cell in row] for row in rows)
        self._write_checked(name, text.getvalue().encode(), len(rows))

    def read_rows(self, name: str) -> list[dict[str, str]]:
        """Read a CSV file, or `<name>.gz`, as `experiments/` keeps it, else raise a DataError."""
        plain = self.path / name
        small = plain.with_name(f"{name}.gz")
        place = small if small.is_file() and not plain.is_file() else plain
        try:
            content = read_file(plain) if place is plain else read_gzip(small, MAX_UNPACKED)
            check(place, content, read_checksums(self.path).get(name))
            table = csv.DictReader(io.StringIO(content.decode(), newline=""))
            return [{name: plain_cell(cell) for name, cell in row.items()} for row in table]
        except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DataError(
                f"{place} cannot be read ({reason}): take a whole run folder."
            ) from error

    def _write_checked(self, name: str, content: bytes, rows: int | None = None) -> None:
        """Write a file with its checksum, unless that very file is there.

        Killed in between, it leaves a file that is whole and has no checksum.
        """
        known, place = read_checksums(self.path), self.path / name
        new = checksum(content, rows)
        before = known.pop(name, None)
        if not (place.is_file() and not place.is_symlink() and place.read_bytes() == content):
            if before not in (None, new):
                self.write_json(FILE, to_plain(known))
            self.write(name, content)
        if before != new:
            self.write_json(FILE, to_plain(dict(sorted({**known, name: new}.items()))))


def run_of_checkpoint(path: Path) -> Path | None:
    """Give the run folder that a checkpoint's file lies in; None where it is no such file."""
    in_run = path.suffix == ".ckpt" and path.parent.name == "checkpoints"
    return path.parents[1] if in_run and path.is_file() else None
