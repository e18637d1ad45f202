"""`python -m brain_tumor.doctor`: would the configured training run on this machine?"""

import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from brain_tumor.doctor.checks import Counts, run_check
from brain_tumor.doctor.child import run_in_child
from brain_tumor.doctor.finding import MARKS, Finding
from brain_tumor.doctor.libraries import hydra_plugins

PACKAGE_CHECKS = ("packages.versions", "packages.malicious_releases", "packages.opencv_wheels")
TRAINING_CHECKS = (
    *("libraries.torch_imports", "libraries.torchvision_works"),
    *("libraries.opencv_imports", "device.device", "device.threads"),
    *("inputs.network", "inputs.scans"),
    *("resources.prepared_sets", "resources.folders", "resources.memory"),
)
# Those that share a child process; each needs those before it.
IN_CHILD = (
    (
        *("libraries.torch_imports", "device.threads", "libraries.torchvision_works"),
        *("device.device", "inputs.network"),
    ),
    ("libraries.opencv_imports", "inputs.scans"),
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
        report(chain(run_checks(PACKAGE_CHECKS), findings, examine_training(config)))

    command("doctor")(examine)()


def examine_training(config: Any) -> Iterator[Finding]:
    """Yield the findings of all checks of a configured training."""
    counts: Counts = {}
    found: dict[str, list[Finding]] = {}
    for check in TRAINING_CHECKS:
        for together in IN_CHILD:
            if check in together and check not in found:
                found |= run_in_child(together, config, counts)
        yield from found[check] if check in found else run_checks([check], config, counts)


def run_checks(checks: Iterable[str], *arguments: Any) -> Iterator[Finding]:
    """Yield the findings of each check."""
    for check in checks:
        yield from run_check(check, *arguments)[0]


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
