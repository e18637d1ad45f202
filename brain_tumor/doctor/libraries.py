"""Do torch, torchvision, OpenCV and Hydra's plug-ins work?"""

import traceback
import warnings
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from typing import Any

from brain_tumor.doctor.checks import REINSTALL, Counts
from brain_tumor.doctor.finding import Finding


def torch_imports(config: Any, counts: Counts) -> Iterator[Finding]:
    """Import torch; that it works is told together with torchvision."""
    import torch  # noqa: F401 (does it crash?)

    yield from ()


def torchvision_works(config: Any, counts: Counts) -> Iterator[Finding]:
    """Call a compiled operator of torchvision, which a build for another torch lacks."""
    import torch
    import torchvision

    torchvision.ops.nms(torch.zeros(1, 4), torch.ones(1), 0.5)
    yield same_build(torch.__version__, torchvision.__version__)


def same_build(torch: str, torchvision: str) -> Finding:
    """Compare the builds in the versions of torch and torchvision."""
    pair = f"torch {torch} and torchvision {torchvision}"
    # Such as +cpu or +cu126; wheels for macOS have none.
    if len({version.partition("+")[2] for version in (torch, torchvision)} - {""}) > 1:
        return Finding("note", "torch", f"{pair} are not from the same build.", REINSTALL)
    return Finding("ok", "torch", f"{pair} work together.")


def opencv_imports(config: Any, counts: Counts) -> Iterator[Finding]:
    """Import OpenCV."""
    import cv2

    yield Finding("ok", "opencv", f"OpenCV {cv2.__version__} works.")


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
