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
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a folder that may not be looked into, or a link to one")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device")
    if status.st_size > most:
        raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, more than {most >> 20} MiB")
    with path.open("rb") as file:
        return file.read(status.st_size)  # no more, even if it grows meanwhile


def read_gzip(path: Path, most: int) -> bytes:
    """Read what a file of gzip's unpacks to; raises OSError where that is more than `most`."""
    with gzip.open(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it unpacks to more than {most // 2**20} MiB")
    return content
