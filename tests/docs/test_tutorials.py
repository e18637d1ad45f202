"""What a tutorial shows as printed is what its command prints."""

import re
from pathlib import Path

import pytest

from brain_tumor.audit.__main__ import main

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "own_scans.md"


@pytest.mark.slow
def test_the_verdict_of_the_drawn_scans_is_the_one_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    words, shown = re.findall(
        r"^```\npython -m ([^\n]*data=phantom[^\n]*)\n```\n\nThe verdict:\n\n```\n(.*?)\n```$",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("sys.argv", words.split())
    main()
    assert " ".join(shown.split()) in " ".join(capsys.readouterr().out.split())
