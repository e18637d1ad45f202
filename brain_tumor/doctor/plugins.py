"""Plug-ins of Hydra, which it loads at every start."""

from collections.abc import Iterator

from brain_tumor.doctor.finding import Finding, ok, warning
from brain_tumor.doctor.machine import Machine
from brain_tumor.doctor.packages import installed


def hydra_plugins(machine: Machine) -> Iterator[Finding]:
    """Look for plug-ins that do not fit this Hydra, or that hold another package back."""
    found = installed("hydra-optuna-sweeper")
    if found:
        yield warning(
            "hydra plug-ins",
            f"hydra-optuna-sweeper {found} pins an old optuna that no longer works",
            "python -m pip uninstall hydra-optuna-sweeper",
        )
    error = machine.plugins.error("plugins")
    if error:
        yield warning("hydra plug-ins", f"Hydra cannot look for them: {error}", "make install")
        return
    complaints = machine.plugins.steps["plugins"]["complaints"]
    for complaint in complaints:
        yield warning("hydra plug-ins", complaint, "python -m pip uninstall what is named there")
    if not found and not complaints:
        yield ok("hydra plug-ins", "all that are installed load")
