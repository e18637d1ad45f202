"""Every page of docs/extend is typed as it stands, in an empty folder.

A block with a title is written to the file of that name; python is run, page by page in one
namespace; bash lines are `python -m brain_tumor...` commands, or `python FILE.py` of such a file.
Other blocks are for people alone.
"""

import importlib
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from brain_tumor.metrics.registry import SCORES

HERE = Path(__file__).parents[2] / "docs" / "extend"
PAGES = sorted(path for path in HERE.glob("*.md") if path.stem != "index")
MAX_LINES = 40  # of code on a page
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def command(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command of the package, or a file, in this process, which has torch already."""
    words = shlex.split(line, comments=True)
    is_file = words[0] == "python" and words[1].endswith(".py")
    assert is_file or (words[:2] == ["python", "-m"] and words[2].startswith("brain_tumor.")), line
    words = words[1:] if is_file else words[2:]
    monkeypatch.setattr(sys, "argv", words)
    try:
        if is_file:
            runpy.run_path(words[0], run_name="__main__")
        else:
            single = words[0] == "brain_tumor.prepare"
            importlib.import_module(words[0] if single else f"{words[0]}.__main__").main()
    except SystemExit as ended:
        assert ended.code in (None, 0), line


@pytest.mark.slow  # most of them train
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_works_as_it_stands(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    names: dict[str, object] = {"__name__": page.stem}
    scores = dict(SCORES)
    try:
        for language, title, code in BLOCK.findall(page.read_text(encoding="utf-8")):
            if title:
                (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / title).write_text(code, encoding="utf-8")
            elif language == "python":
                exec(compile(code, str(page), "exec"), names)
            elif language == "bash":
                for line in code.replace("\\\n", " ").splitlines():
                    if shlex.split(line, comments=True):
                        command(line, monkeypatch)
    finally:
        SCORES.clear()
        SCORES.update(scores)
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
                del sys.modules[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_little_code(page: Path) -> None:
    code = [code for _, _, code in BLOCK.findall(page.read_text(encoding="utf-8"))]
    assert 0 < sum(block.count("\n") for block in code) <= MAX_LINES
