"""Our side of preparing: what `python -m brain_tumor.prepare` does."""

import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.turns import Turns
from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import data_settings


def anew(job: dict[str, Any], turns: Turns) -> None:
    """Prepare raw scans where no prepared set is.

    Args:
        job: `data` as configured, `scratch` for the prepared sets.
        turns: Tell when.
    """
    configured = data_settings(job["data"])
    while turns.wait():
        data = replace(configured, prepared=tempfile.mkdtemp(dir=job["scratch"]))
        begun = time.perf_counter()
        scans = len(build_prepared(data).manifest)
        seconds = time.perf_counter() - begun
        shutil.rmtree(data.prepared)
        os.sync()  # nothing is left to be written when the next side begins
        turns.done(seconds, scans)


def again(job: dict[str, Any], turns: Turns) -> None:
    """Prepare raw scans whose prepared set is there: see that nothing has changed, open it.

    Args:
        job: As for `anew`.
        turns: Tell when.
    """
    data = replace(data_settings(job["data"]), prepared=str(Path(job["scratch"]) / "again"))
    build_prepared(data)
    while turns.wait():
        begun = time.perf_counter()
        build_prepared(data)
        turns.done(time.perf_counter() - begun, None)
