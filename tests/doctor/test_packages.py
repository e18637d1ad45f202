from collections.abc import Callable

import pytest

from brain_tumor.doctor import packages
from brain_tumor.doctor.finding import Finding

Install = Callable[..., None]


def messages(findings: list[Finding], mark: str) -> list[str]:
    return [finding.message for finding in findings if finding.mark == mark]


def test_the_tested_environment_fits() -> None:
    findings = [*packages.versions(), *packages.malicious_releases(), *packages.opencv_wheels()]
    assert [(finding.mark, finding.topic) for finding in findings] == [
        ("ok", "python"),
        ("ok", "packages"),
    ]


def test_bounds_are_those_of_our_metadata(install: Install) -> None:
    requirements = ("one>=2", "two<3,>=2", "gone>1", 'gone-vms>1; sys_platform == "vms"')
    install("brain-tumor", "9", *requirements, 'three>=2; extra == "x"', 'none; extra == "x"')
    for name, version in (("one", "2.1rc1"), ("two", "3.0"), ("three", "1.0")):
        install(name, version)
    findings = list(packages.versions())
    assert messages(findings, "wrong") == ["two 3.0 does not fit <3,>=2.", "gone is not installed."]
    assert messages(findings, "note") == ["three 1.0 does not fit >=2."]
    assert 'python -m pip install "two<3,>=2"' in [finding.fix for finding in findings]


def test_another_python_is_wrong(install: Install) -> None:
    install("brain-tumor", "9", python=">=3.99")
    assert [finding.mark for finding in packages.versions()] == ["wrong", "ok"]


def test_a_checkout_that_is_not_installed_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise packages.PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", missing)
    (finding,) = packages.versions()
    assert (finding.mark, finding.fix) == ("note", "python -m pip install -e .")


@pytest.mark.parametrize(("version", "wrong"), [("5.0", 0), ("4.9", 1)])
def test_any_opencv_wheel_is_enough(
    install: Install, monkeypatch: pytest.MonkeyPatch, version: str, wrong: int
) -> None:
    install("brain-tumor", "9", "opencv-python>=4.10")
    monkeypatch.setattr(packages, "installed", {"opencv-python-headless": version}.get)
    assert len(messages(list(packages.versions()), "wrong")) == wrong


def test_two_opencv_wheels_are_wrong(install: Install) -> None:
    install("opencv-python", "5.0.0")
    install("opencv-python-headless", "4.12.0")
    (finding,) = packages.opencv_wheels()
    assert finding.mark == "wrong"
    assert "opencv-python 5.0.0 and opencv-python-headless 4.12.0" in finding.message


@pytest.mark.parametrize("name", ["lightning", "pytorch-lightning"])
@pytest.mark.parametrize("version", ["2.6.2", "2.6.3"])
def test_malicious_releases_are_wrong(install: Install, name: str, version: str) -> None:
    install(name, version)
    (finding,) = packages.malicious_releases()
    assert finding.mark == "wrong"
    assert finding.fix.startswith(f"python -m pip uninstall -y {name}")
