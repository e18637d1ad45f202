"""A JSON file with a version that holds one dataclass: written and read in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from brain_tumor.dataclass_json import from_plain, to_plain
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.runs.folder import AGAIN, RunFolder

T = TypeVar("T")


@dataclass(frozen=True)
class JsonFile(Generic[T]):
    """A kind of file.

    Attributes:
        name: Its name in a folder.
        content: The dataclass that it holds.
        version: Of its format; files of brain-tumor 0.6 and before have none.
        upgrade: Brings a file of an earlier version, or of none, to today's fields; may change
            what it is given.
        checked: Whether its checksum is written down, for a file that nobody changes by hand.
        again: How to get the file anew, for messages.
    """

    name: str
    content: type[T]
    version: int = 1
    upgrade: Callable[[dict[str, Any]], dict[str, Any]] = dict
    checked: bool = True
    again: str = AGAIN

    def write(self, folder: RunFolder, content: T) -> None:
        """Write the file."""
        folder.write_json(self.name, self.to_plain(content), self.checked)

    def to_plain(self, content: T) -> dict[str, Any]:
        """Give what the file holds, as plain values."""
        return {"version": self.version, **to_plain(content)}

    def read(self, folder: RunFolder) -> T:
        """Read the file, of this version or an earlier one; DataError where that cannot be done."""
        plain, path = folder.read_json(self.name, self.again), folder.path / self.name
        version = plain.pop("version", 0)
        if type(version) is not int or version < 0:
            raise DataError(f"{path} is damaged (version is {version!r}): {self.again}.")
        if version > self.version:
            raise DataError(
                f"{path} was written by a later brain-tumor (format {version}, known up to "
                f"{self.version}): update brain-tumor."
            )
        try:
            return from_plain(
                self.content, plain if version == self.version else self.upgrade(plain)
            )
        except KeyError as error:
            reason = f"{error.args[0]} is missing"
        except (AttributeError, ConfigError, TypeError, ValueError) as error:
            reason = str(error)  # settings that a file holds are checked as those of a user
        raise DataError(f"{path} is damaged ({reason}): {self.again}.")

    def read_if_there(self, folder: RunFolder) -> T | None:
        """Read the file; None where the folder has none."""
        return self.read(folder) if (folder.path / self.name).exists() else None
