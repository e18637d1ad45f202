"""torch, torchvision and OpenCV: each imports, and fits the others."""

from collections.abc import Iterator
from importlib.metadata import requires

from brain_tumor.doctor.finding import Finding, broken, ok, warning
from brain_tumor.doctor.machine import Machine
from brain_tumor.doctor.packages import opencv_builds

_AGAIN = "python -m pip uninstall torch torchvision; then install both in one call from one index"


def torch_pair(machine: Machine) -> Iterator[Finding]:
    """See whether torch and torchvision were built for each other."""
    answer = machine.torch
    error = answer.error("torch")
    if error:
        yield broken("torch", f"torch does not import: {error}", _AGAIN)
        return
    torch = str(answer.steps["torch"]["version"])
    error = answer.error("torchvision")
    if error:
        yield broken("torch", f"torchvision does not work with torch {torch}: {error}", _AGAIN)
        return
    vision = str(answer.steps["torchvision"]["version"])
    pair = f"torch {torch}, torchvision {vision}"
    # Some builds carry no label, such as those for macOS; torchvision's for Linux on ARM neither.
    builds = {version.partition("+")[2] for version in (torch, vision)} - {""}
    if len(builds) > 1:
        yield warning("torch", f"{pair} come from two indexes; their operators work so far", _AGAIN)
    elif not _asked_for(torch):
        yield warning("torch", f"{pair}: torchvision asks for another torch", _AGAIN)
    else:
        yield ok("torch", pair)


def opencv(machine: Machine) -> Iterator[Finding]:
    """See whether there is one OpenCV, and whether it imports."""
    builds = opencv_builds()
    one = (
        "python -m pip uninstall -y opencv-python opencv-python-headless opencv-contrib-python "
        "opencv-contrib-python-headless; then python -m pip install opencv-python"
    )
    error = machine.opencv.error("opencv")
    if error:
        library = any(name in error for name in ("libGL", "libgthread", "libglib"))
        yield broken(
            "opencv",
            f"cv2 does not import: {error}",
            "make system-libraries (Debian, Ubuntu), or opencv-python-headless instead of "
            "opencv-python"
            if library
            else one,
        )
        return
    found = machine.opencv.steps["opencv"]
    if not found["decodes"]:
        yield broken("opencv", f"{found['version']} decodes a picture wrongly", one)
    elif len(builds) > 1:
        yield warning("opencv", f"{' and '.join(builds)} overwrite each other's files", one)
    elif int(str(found["version"]).partition(".")[0]) < 5:
        yield ok(
            "opencv",
            f"{found['version']}; scans are augmented by torch on a CPU, which takes longer than "
            "with OpenCV 5, whose warp is exact",
        )
    else:
        yield ok("opencv", f"{found['version']}")


def _asked_for(torch: str) -> bool:
    """Tell whether the installed torchvision takes this torch, by its own requirements."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in requires("torchvision") or []]
    own = [one.specifier for one in wanted if one.name == "torch"]
    return all(one.contains(torch.partition("+")[0], prereleases=True) for one in own)
