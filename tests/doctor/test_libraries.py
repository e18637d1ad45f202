import pytest

from brain_tumor.doctor.child import Answer
from brain_tumor.doctor.finding import Mark
from brain_tumor.doctor.libraries import opencv, torch_pair
from brain_tumor.doctor.packages import opencv_builds


@pytest.fixture(autouse=True)
def one_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "brain_tumor.doctor.libraries.opencv_builds", lambda: ["opencv-python 5.0.0"]
    )


@pytest.mark.parametrize(
    ("torch", "vision", "mark"),
    [
        ("2.15.0+cpu", "0.29.2+cpu", Mark.OK),
        ("2.15.0", "0.29.2", Mark.OK),  # macOS
        ("2.15.0+cpu", "0.29.2", Mark.OK),  # Linux on ARM
        ("2.15.0+cpu", "0.29.2+cu126", Mark.WARNING),
        ("2.15.0+cu126", "0.29.2+cu132", Mark.WARNING),
        ("2.0.0", "0.29.2", Mark.WARNING),  # torchvision's own metadata ask for a newer one
    ],
)
def test_builds_have_to_fit(machine_with, torch: str, vision: str, mark: Mark) -> None:
    told = {"torch__torch": {"version": torch}, "torch__torchvision": {"version": vision}}
    (found,) = torch_pair(machine_with(**told))
    assert found.mark is mark
    assert torch in found.found
    assert vision in found.found
    assert ("one index" in found.remedy) == (mark is Mark.WARNING)


def test_missing_operators_are_broken(machine_with) -> None:
    error = "RuntimeError: operator torchvision::nms does not exist"
    (found,) = torch_pair(machine_with(torch__torchvision={"error": error}))
    assert found.mark is Mark.BROKEN
    assert error in found.found
    assert "one index" in found.remedy


@pytest.mark.parametrize("fault", ["it crashed (SIGILL)", "it did not answer within 30 s"])
def test_a_torch_that_crashes_is_broken(machine_with, fault: str) -> None:
    (found,) = torch_pair(machine_with(torch=Answer({}, fault)))
    assert found.mark is Mark.BROKEN
    assert fault in found.found


def test_opencv_that_works_is_well(machine_with) -> None:
    assert [finding.mark for finding in opencv(machine_with())] == [Mark.OK]


def test_opencv_4_is_well_but_slower(machine_with) -> None:
    (found,) = opencv(machine_with(opencv__opencv={"version": "4.12.0"}))
    assert found.mark is Mark.OK
    assert "takes longer than with OpenCV 5" in found.found


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file", "make system-libraries"),
        ("ImportError: libgthread-2.0.so.0: cannot open", "make system-libraries"),
        ("AttributeError: partially initialized module 'cv2'", "pip uninstall"),
    ],
)
def test_opencv_that_does_not_import_is_broken(machine_with, error: str, remedy: str) -> None:
    (found,) = opencv(machine_with(opencv__opencv={"error": error}))
    assert found.mark is Mark.BROKEN
    assert remedy in found.remedy


def test_two_opencvs_are_told(machine_with, monkeypatch: pytest.MonkeyPatch, install) -> None:
    monkeypatch.setattr("brain_tumor.doctor.libraries.opencv_builds", opencv_builds)
    install("opencv-python", "5.0.0")
    install("opencv-python-headless", "4.12.0")
    (found,) = opencv(machine_with())
    assert found.mark is Mark.WARNING
    assert "opencv-python 5.0.0 and opencv-python-headless 4.12.0" in found.found
