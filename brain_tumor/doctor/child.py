"""Ask a process of its own, which may crash or hang without harm."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import brain_tumor

Job = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a process told before it ended.

    Attributes:
        steps: What each step found, by its name; `error` where it raised.
        fault: Why the process ended before its last step; None where it did not.
    """

    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    fault: str | None = None

    def error(self, step: str) -> str | None:
        """Tell why a step came to nothing; None where it succeeded."""
        if step in self.steps:
            found = self.steps[step].get("error")
            return None if found is None else str(found)
        return self.fault or "it was not reached"


def ask(module: str, job: Job, patience: float) -> Answer:
    """Run a module of this package in a new process, and read what `answer` printed there.

    Args:
        module: Its dotted name.
        job: Plain values for it.
        patience: Seconds after which it is ended.
    """
    # The copy of the package that is running, wherever the process starts.
    paths = [str(Path(brain_tumor.__file__).parents[1]), os.environ.get("PYTHONPATH")]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in paths if path))
    command = [sys.executable, "-m", module]
    pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    words: Any = {"text": True, "encoding": "utf-8", "errors": "replace"}
    fault = None
    with subprocess.Popen(command, env=environment, **pipes, **words) as process:
        try:
            told, said = process.communicate(json.dumps(job), timeout=patience)
        except subprocess.TimeoutExpired as late:
            process.kill()
            told, said = _text(late.stdout), ""
            fault = f"it did not answer within {patience:g} s"
        except BaseException:
            process.kill()
            raise
    if fault is None and process.returncode:
        fault = _ending(process.returncode, said)
    return Answer(_steps(told), fault)


def answer(steps: Mapping[str, Callable[[], Mapping[str, Any]]]) -> None:
    """Do steps in order and print what each found, in the process that was asked."""
    for name, step in steps.items():
        try:
            found = dict(step())
        except Exception as error:  # whatever is wrong with the machine: it is what is looked for
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"step": name} | found), flush=True)


def job() -> dict[str, Any]:
    """Read the job, in the process that was asked."""
    return dict(json.load(sys.stdin))


def _steps(told: str) -> dict[str, dict[str, Any]]:
    steps = {}
    for line in told.splitlines():
        try:
            found = json.loads(line)
            steps[str(found.pop("step"))] = found
        except (AttributeError, KeyError, TypeError, ValueError):  # a library's own words
            continue
    return steps


def _ending(code: int, said: str) -> str:
    if code < 0:
        return f"it crashed ({signal.Signals(-code).name})"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"it ended with status {code}: {lines[-1] if lines else 'it said nothing'}"


def _text(told: Any) -> str:
    # What was read before the time was over comes as bytes, whatever was asked for.
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else (told or "")
