"""The workflow for GitHub, never run there by us: read as YAML, compared with the package."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))


def test_the_oldest_python_is_the_package_s() -> None:
    tried = WORKFLOW["jobs"]["suite"]["strategy"]["matrix"]["python"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={tried[0]}"' in project
    assert tried == [f"3.{minor}" for minor in range(10, 10 + len(tried))]


@pytest.mark.parametrize("name", WORKFLOW["jobs"])
def test_every_step_names_what_there_is(name: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for step in WORKFLOW["jobs"][name]["steps"]:
        assert len({"uses", "run"} & step.keys()) == 1
        words = step.get("run", "").split()
        if words[:1] == ["make"]:
            assert set(words[1:]) <= set(targets)
        assert all((ROOT / word).exists() for word in words if word.startswith("tests/"))


def test_the_image_copies_what_there_is() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (.+)$", text, re.M)]
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists()
        assert f"!{name}" in let_in
