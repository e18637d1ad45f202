"""Installed packages against the bounds that this package declares itself."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from typing import TYPE_CHECKING

from brain_tumor.doctor.finding import Finding, broken, ok, warning

if TYPE_CHECKING:  # may be missing, too
    from packaging.requirements import Requirement

# Uploaded by somebody who had taken over the account; they steal credentials.
MALICIOUS = {"lightning": {"2.6.2", "2.6.3"}, "pytorch-lightning": {"2.6.2", "2.6.3"}}
# Other builds of one library, which import under the same name.
OPENCV = (
    *("opencv-python", "opencv-python-headless"),
    *("opencv-contrib-python", "opencv-contrib-python-headless"),
)
# What one may do without, and what it is for.
OPTIONAL = {
    "kornia": "a peer of make benchmark",
    "optuna": "tune",
    "hydra-joblib-launcher": "several runs at once",
    "hydra-submitit-launcher": "runs on a Slurm cluster",
}


def installed(name: str) -> str | None:
    """Give the version of an installed distribution; None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def bounds() -> Iterator[Finding]:
    """Compare what is installed with our own requirements; an extra's only where it is there."""
    from packaging.requirements import Requirement

    try:
        declared = [Requirement(line) for line in requires("brain-tumor") or []]
    except PackageNotFoundError:  # `interpreter.python_version` has said so
        return
    missing = False
    within: set[str] = set()
    for wanted in declared:
        extra = wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})
        found = _found(wanted.name)
        if found is None:
            if not extra:
                missing = True
                yield broken(
                    "packages", f"{wanted.name} is not installed", _install(wanted.name, wanted)
                )
        elif wanted.specifier.contains(found, prereleases=True):
            within.add(wanted.name)
        else:
            missing = missing or not extra
            tell = warning if extra else broken
            yield tell(
                "packages",
                f"{wanted.name} {found} is installed, wanted {wanted.specifier}",
                _install(wanted.name, wanted),
            )
    if not missing:
        yield ok("packages", f"{len(within)} that this package names are within their bounds")


def malicious() -> Iterator[Finding]:
    """Look for uploads that are known to steal."""
    for name, versions in MALICIOUS.items():
        found = installed(name)
        if found in versions:
            yield broken(
                "packages",
                f"{name} {found} was a malicious upload that steals credentials",
                f"python -m pip uninstall {name}; renew every key and password this machine "
                'knows; then python -m pip install "lightning>=2.6.6"',
            )


def twins() -> Iterator[Finding]:
    """Look for one library under two names, or one package twice."""
    here, there = installed("lightning"), installed("pytorch-lightning")
    if here and there and here != there:
        yield warning(
            "packages",
            f"lightning {here} beside pytorch-lightning {there}: classes of one are strangers to "
            "the other",
            f'python -m pip install "pytorch-lightning=={here}"',
        )
    seen: dict[tuple[str, str], str] = {}
    for one in distributions():
        name = (one.name or "").lower().replace("_", "-").replace(".", "-")
        place = (str(one.locate_file("")), name)
        if name and place in seen and seen[place] != one.version:
            yield warning(
                "packages",
                f"{name} is there twice, as {seen[place]} and {one.version}: an installation was "
                "broken off",
                f"python -m pip install --force-reinstall {name}",
            )
        seen[place] = one.version


def optional() -> Iterator[Finding]:
    """Tell which packages are there that only some commands want."""
    there = {name: installed(name) or "not installed" for name in OPTIONAL}
    shown = [f"{name} {there[name]} ({purpose})" for name, purpose in OPTIONAL.items()]
    yield ok("optional", ", ".join(shown))


def opencv_builds() -> list[str]:
    """Name the installed builds of OpenCV with their versions."""
    return [f"{name} {found}" for name in OPENCV if (found := installed(name))]


def _found(name: str) -> str | None:
    builds = OPENCV if name in OPENCV else (name,)  # any of them serves
    return next((found for build in builds if (found := installed(build))), None)


def _install(name: str, wanted: "Requirement") -> str:
    return f'python -m pip install "{name}{wanted.specifier}"'
