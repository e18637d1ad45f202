import pytest

from brain_tumor.doctor.checks import failed
from brain_tumor.doctor.libraries import same_build


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
    finding = same_build(torch, torchvision)
    assert finding.mark == mark
    assert bool(finding.fix) == (mark != "ok")


@pytest.mark.parametrize("check", ["torch_imports", "torchvision_works"])
def test_a_failing_torch_or_torchvision_is_installed_again(check: str) -> None:
    finding = failed(f"libraries.{check}", "the process crashed (SIGILL)")
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
    finding = failed("libraries.opencv_imports", error)
    assert finding.mark == "wrong"
    assert error in finding.message
    assert finding.fix.endswith(f'python -m pip install "{wheel}>=4.10"')
