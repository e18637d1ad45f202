"""All checks in order, each safe from its own faults, and the doctor's last line."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from brain_tumor.doctor.finding import Finding, Mark, broken
from brain_tumor.doctor.machine import Machine

if TYPE_CHECKING:
    from omegaconf import DictConfig

# By name, so that a file that does not import here breaks its own checks alone.
WITHOUT_CONFIG = (
    "interpreter.python_version",
    "interpreter.encoding",
    "interpreter.clock",
    "packages.bounds",
    "packages.malicious",
    "packages.twins",
    "packages.optional",
)
OF_A_RUN = (
    "libraries.torch_pair",
    "libraries.opencv",
    "plugins.hydra_plugins",
    "device.device",
    "threads.threads",
    "weights.network",
    "weights.weights",
    "scans.scans",
    "scans.prepared_sets",
    "folders.needed_folders",
    "folders.cache_folders",
    "room.disk",
    "room.memory",
    "workers.workers",
    "workers.shared_memory",
)


def examine(config: DictConfig) -> Counter[Mark]:
    """Examine this machine for the configured training, and print what is found.

    Args:
        config: As `conf/doctor.yaml` composes it.

    Returns:
        How many findings there were of each mark.
    """
    machine = Machine(config)
    return show([*_checks(WITHOUT_CONFIG), *_checks(OF_A_RUN, machine)])


def examine_without_hydra(error: Exception) -> Counter[Mark]:
    """Examine what can be examined where no configuration can be read, and print it.

    Args:
        error: What Hydra or OmegaConf said when they were imported.
    """

    def hydra() -> Iterator[Finding]:
        said = f"{type(error).__name__}: {error}"
        yield broken("hydra", f"no configuration can be read: {said}", "mend the packages above")

    return show([*_checks(WITHOUT_CONFIG), ("hydra", hydra)])


def show(checks: Iterable[tuple[str, Callable[[], Iterable[Finding]]]]) -> Counter[Mark]:
    """Run checks, print each finding as soon as it is there, and a last line of counts.

    Args:
        checks: Their names and what does them.

    Returns:
        How many findings there were of each mark.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a path may not fit the terminal's letters
    counts: Counter[Mark] = Counter()
    for name, check in checks:
        for finding in _guarded(name, check):
            print(finding.lines(), flush=True)
            counts[finding.mark] += 1
    plural = "" if counts[Mark.WARNING] == 1 else "s"
    print(f"{counts[Mark.OK]} ok, {counts[Mark.WARNING]} warning{plural}, ", end="")
    print(f"{counts[Mark.BROKEN]} broken")
    return counts


def _checks(names: Iterable[str], *given: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    def make(name: str) -> Callable[[], Any]:
        def run() -> Any:
            module, _, function = name.partition(".")
            return getattr(import_module(f"{__package__}.{module}"), function)(*given)

        return run

    for name in names:
        yield name, make(name)


def _guarded(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # the machine is broken in a way that the check did not foresee
        said = f"{type(error).__name__}: {error}"
        yield broken(name, f"this check failed: {said}", "look at what is broken above first")
