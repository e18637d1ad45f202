"""Run a check, a function that yields findings; and say what it means where one fails."""

from importlib import import_module
from typing import Any

from brain_tumor.doctor.finding import Finding
from brain_tumor.errors import BrainTumorError
from brain_tumor.runs.provenance import installed

# All of them install the module cv2; any of them is enough.
OPENCV = (
    *("opencv-python", "opencv-python-headless"),
    *("opencv-contrib-python", "opencv-contrib-python-headless"),
)
REINSTALL = "python -m pip install --force-reinstall torch torchvision"
SYSTEM_LIBRARIES = ("libGL", "libgthread", "libglib")  # of the wheel that opens windows


def reinstall_opencv(wheel: str) -> str:
    """Give the command that replaces all OpenCV wheels by one."""
    uninstall = f"python -m pip uninstall -y {' '.join(OPENCV)}"
    return f'{uninstall} && python -m pip install "{wheel}>=4.10"'


# What is found where a check raises, crashes or hangs: topic, sentence, fix.
FAILURES = {
    "libraries.torch_imports": ("torch", "torch does not work: {}", REINSTALL),
    "libraries.torchvision_works": (
        *("torch", f"torchvision does not work with torch {installed('torch')}: {{}}", REINSTALL),
    ),
    "libraries.opencv_imports": ("opencv", "OpenCV does not work: {}", ""),  # by the reason
    "device.device": ("device", "A small computation on the device failed: {}", "add trainer=cpu"),
    "inputs.network": ("model", "{}", "python -m brain_tumor.train --help"),
    "inputs.scans": ("scans", "{}", "add data.root=FOLDER, or data=phantom for phantom scans"),
}

# What checks count for those after them: `parameters` of the network, and `scans`.
Counts = dict[str, int]


def run_check(check: str, *arguments: Any) -> tuple[list[Finding], bool]:
    """Give the findings of a check, a `file.function` here, and whether it raised nothing.

    It is imported now, so that a broken import fails its own check only.
    """
    module, _, function = check.partition(".")
    findings: list[Finding] = []
    try:
        findings += getattr(import_module(f"brain_tumor.doctor.{module}"), function)(*arguments)
    except Exception as error:
        said = isinstance(error, BrainTumorError)
        reason = str(error) if said else f"{type(error).__name__}: {error}"
        return [*findings, failed(check, reason)], False
    return findings, True


def failed(check: str, reason: str) -> Finding:
    """Say that a check failed, and why."""
    if check not in FAILURES:
        message = f"The check {check} failed: {reason}"
        return Finding("wrong", check.partition(".")[0], message, "solve the problems above first")
    topic, sentence, fix = FAILURES[check]
    if topic == "opencv":
        headless = any(name in reason for name in SYSTEM_LIBRARIES)
        fix = reinstall_opencv("opencv-python-headless" if headless else "opencv-python")
    return Finding("wrong", topic, sentence.format(reason), fix)
