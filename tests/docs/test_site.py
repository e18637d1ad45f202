"""The documentation site: it builds without a warning, and needs no network to be read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it; a broken link or anchor is an error, unless `--quiet` hides it from `--strict`."""
    place = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", place]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


@pytest.mark.slow
def test_nothing_is_fetched_to_read_it(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe)[^>]*src=\"https?:", text), page
        assert not re.findall(r"<link[^>]*rel=\"stylesheet\"[^>]*href=\"https?:", text), page


@pytest.mark.slow
def test_every_command_has_its_section(site: Path) -> None:
    text = (site / "reference/commands.html").read_text(encoding="utf-8")
    for path in (ROOT / "conf").glob("*.yaml"):
        assert f'id="{path.stem}"' in text


@pytest.mark.slow
def test_notebooks_are_pages_with_their_pictures(site: Path) -> None:
    start = (site / "start.html").read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f'href="notebooks/{path.stem}.html"' in start
        page = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert "data:image/png;base64," in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "target"),
    [
        ("tutorials/compare.html", "../results/evidence/index.html"),  # docs/ to experiments/
        ("results/evidence/index.html", "../as_reported/index.html"),  # within experiments/
        ("reference/changelog.html", "../extend/python.html"),  # CHANGELOG.md to docs/
    ],
)
def test_links_lead_to_the_places_of_the_site(site: Path, page: str, target: str) -> None:
    assert f'href="{target}"' in (site / page).read_text(encoding="utf-8")
    assert (site / page).parent.joinpath(target).is_file()
