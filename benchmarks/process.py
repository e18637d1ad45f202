"""A side in a process of its own, seen from the process that times it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brain_tumor
from benchmarks.alternation import SideError
from benchmarks.memory import AnonymousPeak
from benchmarks.processor_time import processor_seconds

PROCESSOR = "processor"  # what a turn used of the processor, in seconds; beside what a side told


@dataclass(frozen=True)
class Work:
    """What a side does.

    Attributes:
        side: Module below `benchmarks`, such as `peers.usual_script`.
        work: Function in it, called with the job and the turns.
        job: Plain values for it.
        threads: Of torch and OpenCV; None leaves them what they take by themselves.
        keep_freed_memory: Whether the C library is told what our commands tell it.
    """

    side: str
    work: str
    job: Mapping[str, Any]
    threads: int | None = None
    keep_freed_memory: bool = False


class Worker:
    """A side that does its work in a process of its own whenever it is told to.

    The process is made ready when it is entered, and ended when it is left.

    Args:
        work: What it does.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.peak_resident: int | None = None
        self.peak_anonymous: int | None = None

    def __enter__(self) -> "Worker":
        environment = dict(os.environ)
        # The copy of the package that is running, wherever the process starts.
        paths = [str(Path(brain_tumor.__file__).parents[1]), environment.get("PYTHONPATH")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        if self.work.threads is not None:
            environment["OMP_NUM_THREADS"] = str(self.work.threads)
        self._errors = tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._watch = AnonymousPeak(self._process.pid)
        self._fault: str | None = None
        job = {
            **self.work.job,
            "side": self.work.side,
            "work": self.work.work,
            "threads": self.work.threads,
            "keep_freed_memory": self.work.keep_freed_memory,
        }
        with contextlib.suppress(SideError):  # said when it is told to work
            self._send(json.dumps(job))
            self._reply()
        return self

    def again(self) -> Mapping[str, Any]:
        """Let it do its work once; see `alternation.Side`."""
        if self._fault is not None:
            raise SideError(self._fault)
        before = processor_seconds(self._process.pid)
        self._send("again")
        with self._watch:
            reply = self._reply()
        after_turn = processor_seconds(self._process.pid)
        if before is not None and after_turn is not None:
            reply[PROCESSOR] = after_turn - before
        self.peak_anonymous = self._watch.peak
        after = self._reply()  # ready for the next turn, or at its end
        self.peak_resident = after.get("peak_resident")
        return reply

    def __exit__(self, *_: object) -> None:
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
        try:
            self._process.wait(timeout=60)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._process.kill()
            self._process.wait()
        finally:
            if self._process.stdout is not None:
                for line in self._process.stdout:
                    with contextlib.suppress(ValueError, AttributeError):
                        self.peak_resident = json.loads(line).get("peak_resident")
                self._process.stdout.close()
            self._errors.close()

    def _send(self, line: str) -> None:
        pipe = self._process.stdin
        try:
            if pipe is not None:
                pipe.write(line + "\n")
                pipe.flush()
        except OSError:
            self._fail(None)

    def _reply(self) -> dict[str, Any]:
        pipe = self._process.stdout
        line = pipe.readline() if pipe is not None else ""
        reply: dict[str, Any] = json.loads(line) if line else {}
        if not reply or "failed" in reply:
            self._fail(reply.get("failed"))
        return reply

    def _fail(self, sentence: str | None) -> None:
        """Remember why the side cannot go on, and say it.

        Raises:
            SideError: Always.
        """
        if sentence is None:
            self._errors.seek(0)
            said = self._errors.read().split("\n")
            last = next((line for line in reversed(said) if line.strip()), "it said nothing")
            sentence = f"its process ended: {' '.join(last.split())[:300]}"
        self._fault = sentence
        raise SideError(sentence)
