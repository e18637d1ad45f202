"""`python -m brain_tumor.doctor`: would the configured training run on this machine?"""

import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import chain
from typing import Any

from brain_tumor.doctor.child import Probes
from brain_tumor.doctor.found import MARKS, Finding
from brain_tumor.doctor.libraries import hydra_plugins

# Checks are imported by name, one at a time: a broken import fails its own check only.
PACKAGE_CHECKS = ("packages.versions", "packages.malicious_releases", "packages.opencv_wheels")
TRAINING_CHECKS = (
    *("libraries.torch_and_torchvision", "libraries.opencv", "device.device", "device.threads"),
    *("inputs.network", "inputs.scans", "inputs.prepared_sets"),
    *("resources.folders", "resources.memory"),
)
REINSTALL = 'python -m pip install --force-reinstall "hydra-core>=1.3.2,<1.4" "omegaconf>=2.3,<2.4"'


def main() -> None:
    """Run all checks and print their findings; exit with 1 if one is wrong.

    Without Hydra there is no configuration, and only the installed packages are checked.
    """
    try:
        findings = list(hydra_plugins())
        from brain_tumor.cli.command import command
    except Exception as error:
        message = f"The configuration cannot be read: {type(error).__name__}: {error}"
        findings = [Finding("wrong", "hydra", message, REINSTALL)]
    if findings[0].mark == "wrong":
        report(chain(run_checks(PACKAGE_CHECKS), findings))

    def examine(config: Any) -> None:
        checks = run_checks(TRAINING_CHECKS, config, Probes(config))
        report(chain(run_checks(PACKAGE_CHECKS), findings, checks))

    command("doctor")(examine)()


def run_checks(checks: Iterable[str], *arguments: Any) -> Iterator[Finding]:
    """Yield the findings of each check, a `file.function` here; an unexpected error is one, too."""
    for check in checks:
        module, _, function = check.partition(".")
        try:
            yield from getattr(import_module(f"brain_tumor.doctor.{module}"), function)(*arguments)
        except Exception as error:
            message = f"The check {check} failed: {type(error).__name__}: {error}"
            yield Finding("wrong", module, message, "solve the problems above first")


def report(findings: Iterable[Finding]) -> None:
    """Print each finding as soon as it is known, then the counts; exit with 1 if one is wrong."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path may not fit the terminal's encoding
        sys.stdout.reconfigure(errors="backslashreplace")
    counts: Counter[str] = Counter()
    for finding in findings:
        print(finding, flush=True)
        counts[finding.mark] += 1
    print(", ".join(f"{mark}: {counts[mark]}" for mark in MARKS))
    if counts["wrong"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
