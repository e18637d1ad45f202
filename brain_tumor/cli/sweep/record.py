"""What became of the jobs of a sweep, a small file for each: jobs may run in other processes."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.json_file import JsonFile

JOBS = "jobs"  # folder of the records in the sweep's folder
# started, or killed since; skipped: finished before
JobStatus = Literal["started", "finished", "skipped", "failed", "interrupted"]


class NotedSweep(Callback):
    """Remembers in the process that starts the jobs where its sweep lies; None if it started none.

    Hydra calls it; `hydra.callbacks.sweep` in `conf/train.yaml` names it, and is what makes jobs
    leave their records.
    """

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Remember the folder."""
        NotedSweep.folder = Path(str(config.hydra.sweep.dir)).absolute()


@dataclass(frozen=True)
class JobRecord:
    """What became of a job: its words, the folder of its run, and how far it came.

    `reason` is why it failed, or how it continued.
    """

    number: int
    overrides: tuple[str, ...]
    folder: str
    status: JobStatus = "started"
    reason: str = ""


@dataclass(frozen=True)
class SweepJob:
    """A job of a sweep: the sweep's folder, where its record lies, and its number from 0."""

    sweep: Path
    number: int

    def write(self, record: JobRecord) -> None:
        """Write down what became of the job."""
        folder = RunFolder(self.sweep / JOBS)
        folder.create()
        self._file.write(folder, record)

    def note(self, **changes: Any) -> None:
        """Change fields of the record."""
        self.write(replace(self.record(), **changes))

    def record(self) -> JobRecord:
        """Read the record."""
        return self._file.read(RunFolder(self.sweep / JOBS))

    @property
    def _file(self) -> JsonFile[JobRecord]:
        return JsonFile(f"{self.number}.json", JobRecord, checked=False)


def this_job() -> SweepJob | None:
    """Give the sweep's job that this process runs now; None outside a sweep."""
    if not HydraConfig.initialized():
        return None
    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN or "sweep" not in (hydra.callbacks or {}):
        return None
    return SweepJob(Path(str(hydra.sweep.dir)).absolute(), int(hydra.job.num))


def read_jobs(sweep: Path) -> list[JobRecord]:
    """Read the records of a sweep, by number."""
    numbers = sorted(int(path.stem) for path in (sweep / JOBS).glob("*.json"))
    return [SweepJob(sweep, number).record() for number in numbers]


@contextmanager
def noted(
    job: SweepJob, user_message: Callable[[Exception], str | None], tracebacks: bool = False
) -> Iterator[None]:
    """Write down what becomes of a job, and keep its errors from the jobs after it.

    An error is told on stderr, with the job's number: those of which `user_message` makes a
    sentence by that, others, or all if asked for, by their traceback. What interrupts the job goes
    on to interrupt the sweep.
    """
    hydra = HydraConfig.get()
    overrides = tuple(str(word) for word in hydra.overrides.task)
    folder = str(Path(str(hydra.runtime.output_dir)).absolute())
    job.write(JobRecord(job.number, overrides, folder))
    status: JobStatus = "finished"
    reason = ""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):  # the second is how a cluster takes a job away
        status = "interrupted"
        raise
    except Exception as error:
        status, words = "failed", user_message(error)
        reason = words or f"{type(error).__name__}: {error}"
        if words is None or tracebacks:
            traceback.print_exc()
        print(f"brain_tumor: job {job.number}: {reason}", file=sys.stderr)
    finally:
        if job.record().status == "started":
            job.note(status=status, reason=reason)
