"""Do torch, torchvision, OpenCV and Hydra's plug-ins work?"""

import traceback
import warnings
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from typing import Any

from brain_tumor.doctor.child import Results
from brain_tumor.doctor.found import Failure, Finding, Library
from brain_tumor.doctor.packages import reinstall_opencv

REINSTALL = "python -m pip install --force-reinstall torch torchvision"
SYSTEM_LIBRARIES = ("libGL", "libgthread", "libglib")  # of the wheel that opens windows


def torch_and_torchvision(config: Any, probes: Results) -> Iterator[Finding]:
    """Report whether both import and come from the same build."""
    torch, torchvision = probes["torch"], probes["torchvision"]
    if isinstance(torch, Failure):
        yield Finding("wrong", "torch", f"torch does not work: {torch.error}", REINSTALL)
        return
    if isinstance(torchvision, Failure):
        message = f"torchvision does not work with torch {torch.version}: {torchvision.error}"
        yield Finding("wrong", "torch", message, REINSTALL)
        return
    pair = f"torch {torch.version} and torchvision {torchvision.version}"
    # Such as +cpu or +cu126; wheels for macOS have none.
    if len({found.version.partition("+")[2] for found in (torch, torchvision)} - {""}) > 1:
        yield Finding("note", "torch", f"{pair} are not from the same build.", REINSTALL)
    else:
        yield Finding("ok", "torch", f"{pair} work together.")


def opencv(config: Any, probes: Results) -> Iterator[Finding]:
    """Report whether OpenCV imports."""
    found: Library | Failure = probes["opencv"]
    if isinstance(found, Library):
        yield Finding("ok", "opencv", f"OpenCV {found.version} works.")
        return
    headless = any(name in found.error for name in SYSTEM_LIBRARIES)
    fix = reinstall_opencv("opencv-python-headless" if headless else "opencv-python")
    yield Finding("wrong", "opencv", f"OpenCV does not work: {found.error}", fix)


def hydra_plugins() -> Iterator[Finding]:
    """Load Hydra's plug-ins, as every command does; Hydra skips only those that lack an import."""
    from hydra.core.plugins import Plugins

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            Plugins.instance()
        except Exception as error:
            files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
            plugin = next((file for file in files if "hydra_plugins" in file), "A Hydra plug-in")
            message = f"{plugin} stops every command: {type(error).__name__}: {error}"
            plugins = packages_distributions().get("hydra_plugins", ["hydra-..."])
            fix = f"python -m pip uninstall {' '.join(plugins)}"
            yield Finding("wrong", "hydra", message, fix)
            return
    failing = [
        str(warning.message) for warning in caught if "hydra_plugins" in str(warning.message)
    ]
    for message in failing:
        yield Finding("note", "hydra", message)
    if not failing:
        yield Finding("ok", "hydra", "Hydra and its plug-ins work.")
