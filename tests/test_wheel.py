"""The package works from a wheel, away from the checkout."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what is uploaded: the sdist, and from it the wheel."""
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def site(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(folder / "site")
    # The configuration travels with it; tests and scans do not.
    assert "brain_tumor/conf/train.yaml" in names
    assert "brain_tumor/conf/data/pipeline/report.yaml" in names
    assert "brain_tumor/data/groups/patients.csv" in names
    assert "brain_tumor/rendering/templates/page.html.j2" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"brain_tumor"}
    return folder / "site"


def typed(site: Path, cwd: Path, *words: str) -> str:
    # torch and the rest come from this environment; the package itself from the wheel alone.
    environment = os.environ | {"PYTHONPATH": str(site)}
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_an_index_would_take_them(built: Path) -> None:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    for check in (["twine", "check", "--strict", wheel, sdist], ["check_wheel_contents", wheel]):
        ended = subprocess.run(
            [sys.executable, "-m", *map(str, check)], capture_output=True, text=True, timeout=120
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    linked = re.findall(r"\]\(([^)#:]+)[)#]", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {one for one in linked if one not in names} == set()


def test_help_and_a_short_phantom_run(site: Path, tmp_path: Path) -> None:
    where = typed(site, tmp_path, "-c", "import brain_tumor; print(brain_tumor.__file__)")
    assert Path(where.strip()).is_relative_to(site)
    assert "experiment=report_gbmnet" in typed(site, tmp_path, "-m", "brain_tumor.train", "--help")
    small = ("data.phantom.patients_per_class=3", "model.width=16", "trainer.max_epochs=1")
    shown = typed(
        site, tmp_path, "-m", "brain_tumor.train", "experiment=demo", "trainer=cpu", *small
    )
    assert "macro F1" in shown
    assert list(tmp_path.glob("runs/demo/gbmnet/*/metrics.json"))
