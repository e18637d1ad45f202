"""Read a file that may be anything: never one that does not end, never more than a bound."""

import errno
import gzip
import stat
from pathlib import Path

# An uncompressed picture of `scans.MAX_PIXELS` with four channels of 16 bits; also a table of
# about a million scans.
MAX_BYTES = 2**28


def read_file(path: Path, most: int = MAX_BYTES) -> bytes:
    """Read a file of at most so many bytes; links are followed.

    Raises:
        OSError: There is none, it may not be read, it is larger, or it is a folder, a pipe, a
            socket or a device. These are not opened: a pipe would wait for its writer.
    """
    size = _size(path)
    if size > most:
        raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {most >> 20} MiB")
    with path.open("rb") as file:
        return file.read(size)  # no more, even if it grows meanwhile


def read_begin(path: Path, number: int) -> bytes:
    """Read the first bytes of a file, which may be shorter; raises OSError as `read_file` does."""
    _size(path)
    with path.open("rb", buffering=0) as file:
        return file.read(number)


def _size(path: Path) -> int:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a folder that may not be looked into, or a link to one")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device")
    return status.st_size


def read_gzip(path: Path, most: int) -> bytes:
    """Read what a file of gzip's unpacks to; raises OSError where that is more than `most`."""
    with gzip.open(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it unpacks to more than {most // 2**20} MiB")
    return content
