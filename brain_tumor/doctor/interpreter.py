"""Python itself: its version, its encoding, and the clock."""

import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import brain_tumor
from brain_tumor.doctor.finding import Finding, broken, ok, warning

WRITTEN = datetime(2026, 1, 1, tzinfo=timezone.utc)  # no file of this version is older
SLACK = 24 * 3600  # seconds: a file server's clock may be ahead


def python_version() -> Iterator[Finding]:
    """Compare Python with what the package says it needs."""
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        wanted = metadata("brain-tumor")["Requires-Python"]
    except PackageNotFoundError:
        yield warning(
            "python",
            f"{version}; this package is not installed, so its bounds are not known",
            "make install, or python -m pip install -e .",
        )
        return
    from packaging.specifiers import SpecifierSet

    if SpecifierSet(wanted).contains(version, prereleases=True):
        yield ok("python", f"{version} (wanted {wanted})")
    else:
        yield broken(
            "python",
            f"{version}, wanted {wanted}",
            "install such a Python, then make clean && make install PYTHON=python3.11",
        )


def encoding() -> Iterator[Finding]:
    """Names of files and what is printed have to survive letters beyond ASCII."""
    found = sys.getfilesystemencoding()
    shown = getattr(sys.stdout, "encoding", None) or "unknown"
    if found.lower().replace("-", "") != "utf8":
        yield warning(
            "encoding",
            f"file names are {found}: folders with accents or other scripts cannot be opened",
            "set PYTHONUTF8=1, or a UTF-8 locale such as LANG=C.UTF-8",
        )
    elif "utf" not in shown.lower():
        yield warning(
            "encoding",
            f"the terminal takes {shown}: the frames of tables come out as other signs",
            "set PYTHONUTF8=1, or a UTF-8 locale such as LANG=C.UTF-8",
        )
    else:
        yield ok("encoding", f"{found} for file names, {shown} for the terminal")


def clock() -> Iterator[Finding]:
    """Run folders and TensorBoard's curves are ordered by the clock."""
    now = time.time()
    written = max(WRITTEN.timestamp(), Path(brain_tumor.__file__).stat().st_mtime - SLACK)
    today = f"{datetime.fromtimestamp(now, timezone.utc):%Y-%m-%d %H:%M} UTC"
    if now < written:
        yield warning(
            "clock",
            f"{today} is before this package was written: run folders and curves get wrong dates",
            "set the clock",
        )
    else:
        yield ok("clock", today)
