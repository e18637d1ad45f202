from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from brain_tumor.doctor import packages
from brain_tumor.doctor.finding import Finding, Mark

Install = Callable[..., Path]


def marked(findings: list[Finding], mark: Mark) -> list[str]:
    return [finding.found for finding in findings if finding.mark is mark]


def test_what_is_installed_is_within_the_bounds() -> None:
    (found,) = packages.bounds()
    assert found.mark is Mark.OK


def test_the_bounds_are_those_that_the_package_declares(install: Install) -> None:
    install("brain-tumor", "9", "one>=2", "two<3,>=2", "gone>1", 'three>=2; extra == "test"')
    for name, version in (("one", "2.0+cpu"), ("two", "3.0"), ("three", "1.0")):
        install(name, version)
    found = list(packages.bounds())
    assert marked(found, Mark.BROKEN) == [
        "two 3.0 is installed, wanted <3,>=2",
        "gone is not installed",
    ]
    assert marked(found, Mark.WARNING) == ["three 1.0 is installed, wanted >=2"]
    assert found[0].remedy == 'python -m pip install "two<3,>=2"'


def test_an_extra_that_is_not_installed_is_left_out(install: Install) -> None:
    install("brain-tumor", "9", "one>=2", 'gone>=2; extra == "test"')
    install("one", "2.1rc1")
    (found,) = packages.bounds()
    assert found.mark is Mark.OK


def test_a_requirement_of_other_systems_is_left_out(install: Install) -> None:
    install("brain-tumor", "9", 'gone>=2; sys_platform == "vms"')
    (found,) = packages.bounds()
    assert found.mark is Mark.OK


def test_the_known_clash_of_omegaconf_and_hydra(install: Install) -> None:
    install("omegaconf", "2.4.0")
    (found,) = packages.bounds()
    assert found.mark is Mark.BROKEN
    assert "omegaconf 2.4.0" in found.found


def test_a_checkout_that_is_not_installed_declares_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "requires", none)
    assert list(packages.bounds()) == []


def test_any_opencv_serves(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("brain-tumor", "9", "opencv-python>=4.10")
    there = {"opencv-python-headless": "5.0"}
    monkeypatch.setattr(packages, "installed", there.get)
    assert [finding.mark for finding in packages.bounds()] == [Mark.OK]
    there["opencv-python-headless"] = "4.9"
    assert [finding.mark for finding in packages.bounds()] == [Mark.BROKEN]


@pytest.mark.parametrize("name", ["lightning", "pytorch-lightning"])
@pytest.mark.parametrize("version", ["2.6.2", "2.6.3"])
def test_malicious_uploads_are_known(install: Install, name: str, version: str) -> None:
    assert list(packages.malicious()) == []
    install(name, version)
    (found,) = packages.malicious()
    assert found.mark is Mark.BROKEN
    assert "renew every key" in found.remedy


def test_two_lightnings_have_to_be_one(install: Install) -> None:
    install("lightning", "2.6.6")
    install("pytorch-lightning", "2.5.0")
    (found,) = packages.twins()
    assert found.mark is Mark.WARNING
    assert "lightning 2.6.6 beside pytorch-lightning 2.5.0" in found.found


def test_a_package_that_is_there_twice_is_named(install: Install) -> None:
    assert list(packages.twins()) == []
    install("some-thing", "1.0")
    install("some-thing", "1.1")
    (found,) = packages.twins()
    assert found.mark is Mark.WARNING
    assert "some-thing is there twice" in found.found


def test_optional_packages_are_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "installed", lambda name: None)
    (found,) = packages.optional()
    assert found.mark is Mark.OK
    assert found.found.count("not installed") == len(packages.OPTIONAL)
