"""Run checks in a child process, which may crash or hang without harm."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from brain_tumor.doctor.checks import Counts, failed, run_check
from brain_tumor.doctor.finding import Finding
from brain_tumor.trust import trusting

PREFIX = "found: "  # libraries print lines of their own


def run_in_child(checks: Sequence[str], config: Any, counts: Counts) -> dict[str, list[Finding]]:
    """Run checks in order, in one child process, up to the first that fails.

    Gives the findings of each within `config.timeout` seconds for all, none for those after a
    failure, and adds to `counts`.
    """
    from omegaconf import OmegaConf

    command = [sys.executable, "-m", "brain_tumor.doctor.child", *checks]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    provided = {}
    for key in ("model", "data", "trainer", "threads", "trust"):
        part = config.get(key)
        plain = OmegaConf.to_container(part, resolve=True) if OmegaConf.is_config(part) else part
        provided[key] = plain
    failure = ""
    try:
        ended = subprocess.run(
            command,
            input=json.dumps(provided).encode(),
            env=environment,
            capture_output=True,
            timeout=config.timeout,
            check=False,
        )
        output = ended.stdout
        if ended.returncode:
            failure = _describe_exit(ended.returncode, ended.stderr.decode(errors="replace"))
    except subprocess.TimeoutExpired as late:
        output, failure = late.stdout or b"", f"no answer within {config.timeout:g} s"
    found: dict[str, list[Finding]] = {}
    for line in output.decode(errors="replace").splitlines():
        if line.startswith(PREFIX):
            check, findings, more = json.loads(line.removeprefix(PREFIX))
            found[check] = [Finding(**finding) for finding in findings]
            counts.update(more)
    missing = [check for check in checks if check not in found]
    if failure and missing:
        found[missing[0]] = [failed(missing[0], failure)]
    return {check: found.get(check, []) for check in checks}


def _describe_exit(code: int, stderr: str) -> str:
    how = f"crashed ({signal.Signals(-code).name})" if code < 0 else f"ended with status {code}"
    lines = stderr.strip().splitlines()
    return f"the process {how}: {lines[-1]}" if lines else f"the process {how}"


def main() -> None:
    """Run the checks named on the command line, up to the first that fails."""
    from omegaconf import OmegaConf

    config, counts = OmegaConf.create(json.load(sys.stdin)), Counts()
    with trusting(config.trust):
        for check in sys.argv[1:]:
            findings, going_on = run_check(check, config, counts)
            print(PREFIX + json.dumps([check, list(map(asdict, findings)), counts]), flush=True)
            if not going_on:
                break


if __name__ == "__main__":
    main()
