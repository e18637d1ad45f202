"""Files that are there whole or not at all."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from brain_tumor.runs.atomic_file import HALF, forget_halves, written_whole

KILLED_WHILE_IT_WRITES = """
import os, signal, sys
from pathlib import Path
from brain_tumor.runs.atomic_file import written_whole

with written_whole(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_takes_its_place_and_the_one_before_goes_aside(tmp_path: Path) -> None:
    place, aside = tmp_path / "new" / "file", tmp_path / "new" / "before"
    for content in (b"first", b"second", b"third"):
        with written_whole(place, aside) as file:
            file.write(content)
            assert not place.exists() or place.read_bytes() != content
    assert (place.read_bytes(), aside.read_bytes()) == (b"third", b"second")
    assert {path.name for path in place.parent.iterdir()} == {"file", "before"}


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"first")
    with pytest.raises(OSError, match="full"), written_whole(place) as file:
        file.write(b"half")
        raise OSError("full")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"first"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    place, own = tmp_path / "checkpoints" / "last.ckpt", tmp_path / ".notes-2"
    with written_whole(place) as file:
        file.write(b"whole")
    own.write_text("the user's")
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_WRITES, str(place)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert place.read_bytes() == b"whole"
    assert len(list(place.parent.iterdir())) == 2
    forget_halves(tmp_path)
    assert list(place.parent.iterdir()) == [place]
    assert own.exists()


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_no_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, place = tmp_path / "own", tmp_path / "run" / "file"
    own.write_text("mine")
    place.parent.mkdir()
    place.symlink_to(own)
    with written_whole(place) as file:
        file.write(b"whole")
    assert (own.read_text(), place.read_bytes(), place.is_symlink()) == ("mine", b"whole", False)
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0")  # guessed
    (place.parent / f".file-0{HALF}").symlink_to(own)
    with pytest.raises(FileExistsError), written_whole(place) as file:
        file.write(b"again")
    assert (own.read_text(), place.read_bytes()) == ("mine", b"whole")
