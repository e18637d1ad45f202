"""Run probes in a child process, which may crash or hang without harm."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.doctor.found import PROBES, Failure, Found

Results = Mapping[str, Any]  # what `PROBES` names, a failure, or None

PREFIX = "probe result: "  # libraries print lines of their own
# Probes of a group share a child process; each needs those before it.
GROUPS = (("torch", "torchvision", "device", "network"), ("opencv", "scans"))


class Probes(dict[str, Any]):
    """Results of probes by name; a group of probes runs when one of its results is first read."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self._config = config

    def __missing__(self, name: str) -> Found:
        from omegaconf import OmegaConf

        names = [key for key in ("model", "data", "trainer", "trust") if key in self._config]
        parts = {key: self._config[key] for key in names}
        settings = {
            key: OmegaConf.to_container(part, resolve=True) if OmegaConf.is_config(part) else part
            for key, part in parts.items()
        }
        group = next(group for group in GROUPS if name in group)
        self.update(run_probes(group, settings, self._config.timeout))
        found: Found = self[name]
        return found


def run_probes(
    names: Sequence[str], settings: Mapping[str, Any], timeout: float
) -> dict[str, Found]:
    """Run probes, functions in `probes.py`, in order, in one child process.

    What each found within `timeout` seconds for all: a failure where it failed, None where an
    earlier one did.
    """
    command = [sys.executable, "-m", "brain_tumor.doctor.probes", *names]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    provided = json.dumps(settings).encode()
    failure = ""
    try:
        ended = subprocess.run(
            command,
            input=provided,
            env=environment,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        output = ended.stdout
        if ended.returncode:
            failure = _describe_exit(ended.returncode, ended.stderr.decode(errors="replace"))
    except subprocess.TimeoutExpired as late:
        output, failure = late.stdout or b"", f"no answer within {timeout:g} s"
    results: dict[str, Found] = {}
    for line in output.decode(errors="replace").splitlines():
        if line.startswith(PREFIX):
            name, plain = json.loads(line.removeprefix(PREFIX))
            results[name] = Failure(**plain) if "error" in plain else PROBES[name](**plain)
    missing = [name for name in names if name not in results]
    if failure and missing:
        results[missing[0]] = Failure(failure)
    return {name: results.get(name) for name in names}


def _describe_exit(code: int, stderr: str) -> str:
    how = f"crashed ({signal.Signals(-code).name})" if code < 0 else f"ended with status {code}"
    lines = stderr.strip().splitlines()
    return f"the process {how}: {lines[-1]}" if lines else f"the process {how}"
