"""The documentation site: it builds without a warning, and needs no network to be read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it; strictly: a broken link or anchor is an error."""
    place = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", place]
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
def test_every_option_of_every_command_is_in_it(site: Path) -> None:
    text = (site / "reference/commands.html").read_text(encoding="utf-8")
    for path in (ROOT / "conf").glob("*.yaml"):
        assert f'id="{path.stem}"' in text
