"""What became of the jobs of a sweep, a small file for each: jobs may run in other processes."""

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from brain_tumor.runs.folder import RunFolder

JOBS = "jobs"  # folder of the records in the sweep's folder
STARTED, FINISHED, SKIPPED = "started", "finished", "skipped"
FAILED, INTERRUPTED = "failed", "interrupted"


class NotedSweep(Callback):
    """Remembers in the process that starts the jobs where its sweep lies.

    Hydra calls it; `hydra.callbacks.sweep` in `conf/train.yaml` names it, and is what makes jobs
    leave their records.

    Attributes:
        folder: The sweep's folder; None where this process started none.
    """

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Remember the folder."""
        NotedSweep.folder = Path(str(config.hydra.sweep.dir)).absolute()


@dataclass(frozen=True)
class SweepJob:
    """A job of a sweep and its record, which has these entries.

    `number`; `overrides`, the words that make it; `status`: started (or killed since), finished,
    skipped (finished before), failed or interrupted; `reason`, a sentence; `folder` of its run;
    `seconds` in this sweep.

    Attributes:
        sweep: The sweep's folder.
        number: Of the job, from 0.
    """

    sweep: Path
    number: int

    def note(self, **entries: Any) -> None:
        """Change or add entries."""
        folder = RunFolder(self.sweep / JOBS)
        folder.create()
        folder.write_json(self._name, self.record() | {"number": self.number} | entries)

    def record(self) -> dict[str, Any]:
        """Read the entries; none where there is no record yet."""
        folder = RunFolder(self.sweep / JOBS)
        return folder.read_json(self._name) if (folder.path / self._name).is_file() else {}

    @property
    def _name(self) -> str:
        return f"{self.number}.json"


def this_job() -> SweepJob | None:
    """Give the sweep's job that this process runs now; None outside a sweep."""
    if not HydraConfig.initialized():
        return None
    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN or "sweep" not in (hydra.callbacks or {}):
        return None
    return SweepJob(Path(str(hydra.sweep.dir)).absolute(), int(hydra.job.num))


def read_jobs(sweep: Path) -> list[dict[str, Any]]:
    """Read the records of a sweep, by number."""
    numbers = sorted(int(path.stem) for path in (sweep / JOBS).glob("*.json"))
    return [SweepJob(sweep, number).record() for number in numbers]


@contextmanager
def noted(
    job: SweepJob, user_message: Callable[[Exception], str | None], tracebacks: bool = False
) -> Iterator[None]:
    """Write down what becomes of a job, and keep its errors from the jobs after it.

    An error is told on stderr, with the job's number: those that a user can cause by their
    sentence, others by their traceback. What interrupts the job goes on to interrupt the sweep.

    Args:
        job: The job.
        user_message: Makes one sentence of an error that a user can fix; None of any other.
        tracebacks: Whether the traceback is wanted in any case.
    """
    hydra, begun = HydraConfig.get(), time.perf_counter()
    overrides = [str(word) for word in hydra.overrides.task]
    folder = str(Path(str(hydra.runtime.output_dir)).absolute())
    job.note(overrides=overrides, status=STARTED, folder=folder)
    status, reason = FINISHED, ""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):  # the second is how a cluster takes a job away
        status = INTERRUPTED
        raise
    except Exception as error:
        status, words = FAILED, user_message(error)
        reason = words or f"{type(error).__name__}: {error}"
        if words is None or tracebacks:
            traceback.print_exc()
        print(f"brain_tumor: job {job.number}: {reason}", file=sys.stderr)
    finally:
        if job.record().get("status") == STARTED:
            seconds = round(time.perf_counter() - begun, 3)
            job.note(status=status, reason=reason, seconds=seconds)
