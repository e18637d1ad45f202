"""Installed packages, by their metadata: nothing is imported."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

from brain_tumor.doctor.checks import OPENCV, reinstall_opencv
from brain_tumor.doctor.finding import Finding
from brain_tumor.runs.provenance import installed

# Uploaded from a stolen account; they steal credentials.
MALICIOUS = {"lightning": ("2.6.2", "2.6.3"), "pytorch-lightning": ("2.6.2", "2.6.3")}


def versions() -> Iterator[Finding]:
    """Compare installed versions with our requirements; those of extras only if installed."""
    from packaging.requirements import Requirement

    try:
        package = distribution("brain-tumor")
    except PackageNotFoundError:
        message = "The package brain-tumor is not installed, so no versions are checked."
        yield Finding("note", "packages", message, "python -m pip install -e .")
        return
    python = Requirement(f"python{package.metadata['Requires-Python']}")
    running = platform.python_version()
    if python.specifier.contains(running, prereleases=True):
        yield Finding("ok", "python", f"Python {running} fits {python.specifier}.")
    else:
        message = f"Python {running} does not fit {python.specifier}."
        yield Finding("wrong", "python", message, "make clean && make install PYTHON=python3.11")
    fitting, failing = set(), 0
    for requirement in map(Requirement, package.requires or []):
        name, bounds = requirement.name, requirement.specifier
        optional = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
        found = next(filter(None, map(installed, OPENCV if name in OPENCV else [name])), None)
        if found and bounds.contains(found, prereleases=True):
            fitting.add(name)
        elif found or not optional:
            failing += 1
            state = f"{found} does not fit {bounds}" if found else "is not installed"
            fix = f'python -m pip install "{name}{bounds}"'
            yield Finding("note" if optional else "wrong", "packages", f"{name} {state}.", fix)
    if not failing:
        yield Finding("ok", "packages", f"{len(fitting)} packages have fitting versions.")


def malicious_releases() -> Iterator[Finding]:
    """Find releases that are known to steal credentials."""
    for name, releases in MALICIOUS.items():
        found = installed(name)
        if found in releases:
            message = f"{name} {found} is a malicious release: change all passwords and keys, too."
            fix = f'python -m pip uninstall -y {name} && python -m pip install "lightning>=2.6.6"'
            yield Finding("wrong", "packages", message, fix)


def opencv_wheels() -> Iterator[Finding]:
    """Find several OpenCV wheels, which overwrite each other's files."""
    wheels = [f"{name} {installed(name)}" for name in OPENCV if installed(name)]
    if len(wheels) > 1:
        message = f"{' and '.join(wheels)} overwrite each other's files."
        yield Finding("wrong", "opencv", message, reinstall_opencv("opencv-python"))
