"""The most memory that this process has held.

The standard library alone: the benchmark's peers are measured by it too.
"""

import contextlib
import sys
from pathlib import Path


def peak_resident() -> int | None:
    """Give the most memory this process had resident since it began, in bytes.

    Pages of mapped files count, which the kernel takes back whenever it needs them. None on
    Windows, where nobody counts.
    """
    if sys.platform == "win32":
        return None
    # Not ru_maxrss, where there is a choice: a new process takes its parent's over.
    peak = kilobytes("self", "status", "VmHWM:")
    if peak is not None:
        return peak
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def kilobytes(process: int | str, file: str, name: str) -> int | None:
    """Read a line such as `VmHWM:` of a process's file in /proc, in bytes; None without it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/{file}").read_text().splitlines():
            if line.startswith(name):
                return 1024 * int(line.split()[1])
    return None
