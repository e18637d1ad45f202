"""What a command says at its end: of the right place, and nothing that a terminal obeys."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brain_tumor.cli.exit_status import user_message
from brain_tumor.errors import DataError
from brain_tumor.runs.atomic_file import written_whole


def test_a_terminal_obeys_nothing_of_a_message() -> None:
    words = user_message(DataError("The scan \x1b[2J\x9b31m\n\u00e9.jpg is none."))
    assert words == "The scan \\x1b[2J\\x9b31m \u00e9.jpg is none."


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_by_the_file_that_it_did_not_take(tmp_path: Path, number: int) -> None:
    place = tmp_path / "metrics.csv"
    with pytest.raises(OSError) as full, written_whole(place):
        raise OSError(number, os.strerror(number))
    words = user_message(full.value)
    assert words is not None
    assert words.startswith(f"{place} cannot be written (")


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
def test_a_command_needs_no_open_output(phantom_root: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "brain_tumor.prepare", f"data.root={phantom_root}"]
    words += ["data.name=set", "data.patients=null", f"data.prepared={tmp_path / 'prepared'}"]
    words += ["split.test_fraction=0.5"]
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(list((tmp_path / "prepared").iterdir())) == 1
