import pytest

from brain_tumor.doctor.found import Failure, Library, Torch
from brain_tumor.doctor.libraries import opencv, torch_and_torchvision


@pytest.mark.parametrize(
    ("torch", "torchvision", "mark"),
    [
        ("2.15.0+cpu", "0.29.2+cpu", "ok"),
        ("2.15.0", "0.29.2", "ok"),  # macOS
        ("2.15.0+cpu", "0.29.2", "ok"),  # Linux on ARM
        ("2.15.0+cpu", "0.29.2+cu126", "note"),
        ("2.15.0+cu126", "0.29.2+cu132", "note"),
    ],
)
def test_builds_have_to_match(torch: str, torchvision: str, mark: str) -> None:
    probes = {"torch": Torch(torch, None, 1), "torchvision": Library(torchvision)}
    (finding,) = torch_and_torchvision(None, probes)
    assert finding.mark == mark
    assert bool(finding.fix) == (mark != "ok")


@pytest.mark.parametrize(
    "probes",
    [
        {"torch": Failure("the process crashed (SIGILL)"), "torchvision": None},
        {"torch": Torch("2.15.0", None, 1), "torchvision": Failure("no operator nms, SIGILL")},
    ],
)
def test_a_failing_torch_or_torchvision_is_wrong_once(probes: dict) -> None:
    (finding,) = torch_and_torchvision(None, probes)
    assert finding.mark == "wrong"
    assert "SIGILL" in finding.message
    assert "torch torchvision" in finding.fix


@pytest.mark.parametrize(
    ("error", "wheel"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file", "opencv-python-headless"),
        ("AttributeError: partially initialized module 'cv2'", "opencv-python"),
    ],
)
def test_a_failing_opencv_is_replaced(error: str, wheel: str) -> None:
    (finding,) = opencv(None, {"opencv": Failure(error)})
    assert finding.mark == "wrong"
    assert error in finding.message
    assert finding.fix.endswith(f'python -m pip install "{wheel}>=4.10"')
