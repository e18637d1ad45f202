"""Commands on hostile files, each in a process of its own: what a user reads, and what is left."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hostile
import pytest

from brain_tumor.data.prepared.prepared_set import open_prepared

resource = pytest.importorskip("resource")  # not on Windows
MAX_MEMORY = 8 * 2**30
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX"),
]


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def started(place: Path, *overrides: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "brain_tumor.prepare", *overrides],
        cwd=place,
        env=os.environ | environment,
        preexec_fn=bounded,  # a test that fails must not take the machine's memory
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
    )


def prepared(place: Path, *overrides: str, **environment: str) -> tuple[int, str, str]:
    process = started(place, *overrides, **environment)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture
def raw(phantom_root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(phantom_root, tmp_path / "raw"))


def overrides(raw: Path, target: Path) -> list[str]:
    return [
        *(f"data.root={raw}", f"data.prepared={target}", "data.name=set"),
        *("data.patients=null", "split.test_fraction=0.5"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_are_shown_as_they_are_and_no_traceback(
    raw: Path, tmp_path: Path, encoding: str
) -> None:
    place = raw / "Training" / "glioma"
    for name, (make, _) in hostile.FILES.items():
        make(place / name)
    # Ten are named, so that these are among them.
    for name in ("[b", "\n", "\x1b[2J", "\u00e9", os.fsdecode(b"\xff")):
        (place / f"(0){name}").mkdir()
        (place / f"(0){name}" / "b].jpg").write_bytes(b"x")
    code, out, err = prepared(
        tmp_path, *overrides(raw, tmp_path / "prepared"), PYTHONIOENCODING=encoding
    )
    # What libjpeg and libpng write by themselves cannot be kept from there.
    ours = [line for line in err.splitlines() if not line.startswith(("Corrupt JPEG", "libpng "))]
    assert (code, ours) == (0, [])
    assert "files were left out, the others are used:" in out
    assert "more, see manifest.csv" in out
    assert "  Training/glioma/(0)[b/b].jpg: undecodable: not a picture\n" in out
    assert "  Training/glioma/(0)\\n/b].jpg: undecodable" in out
    assert "(0)\\x1b[2J/b].jpg: undecodable" in out
    assert "(0)\\udcff/b].jpg: undecodable" in out
    accented = "\u00e9" if encoding == "utf-8" else "\\xe9"
    assert f"(0){accented}/b].jpg: undecodable" in out
    assert "\x1b" not in out


def test_bad_files_take_no_memory(raw: Path, tmp_path: Path) -> None:
    measured = []
    for bad in (False, True):
        if bad:
            for label in ("glioma", "pituitary"):
                place = raw / "Training" / label
                for name in ("bomb.png", "smaller bomb.png", "many GB.jpg", "device.jpg"):
                    hostile.FILES[name][0](place / name)
        process = started(tmp_path, *overrides(raw, tmp_path / "prepared"))
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read()
        assert process.stderr.read() == ""
        _, status, used = os.wait4(process.pid, 0)
        assert status == 0
        measured.append(used.ru_maxrss)
    scale = 1024 if sys.platform == "darwin" else 1
    assert measured[1] - measured[0] < 40_000 * scale  # KiB; the smaller bomb alone holds 64,000


def test_two_calls_at_once_end_with_one_whole_set(raw: Path, tmp_path: Path) -> None:
    target = tmp_path / "prepared"
    processes = [started(tmp_path, *overrides(raw, target)) for _ in range(3)]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [(err, code) for _, err, code in ended] == [("", 0)] * 3
    (folder,) = target.iterdir()
    assert len({out for out, _, _ in ended}) == 1
    whole = open_prepared(folder)
    assert len(whole.images) == whole.summary["kept"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk may be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("free", [0, 100_000, 1_500_000])
def test_a_full_disk_ends_with_a_sentence_and_nothing_half_made(
    raw: Path, small_disk: Path, tmp_path: Path, free: int
) -> None:
    with (small_disk / "filling").open("wb") as file:
        file.write(bytes(2 * 2**20 - 8192 - free))
    code, _, err = prepared(tmp_path, *overrides(raw, small_disk / "prepared"))
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("brain_tumor: ")
    assert "No space left on device" in err
    assert "data.prepared=" in err
    assert list((small_disk / "prepared").glob("*")) == []


def test_a_killed_call_leaves_no_set_and_the_next_one_makes_it(raw: Path, tmp_path: Path) -> None:
    target = tmp_path / "prepared"
    process = started(tmp_path, *overrides(raw, target))
    while process.poll() is None and not list(target.glob(".set-*")):
        pass
    process.kill()
    process.communicate()
    assert not list(target.glob("set-*"))
    code, _, err = prepared(tmp_path, *overrides(raw, target))
    assert (code, err) == (0, "")
    (folder,) = target.glob("set-*")
    open_prepared(folder)
