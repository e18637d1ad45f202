import csv
import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.prepared.mark_duplicates import mark_clusters
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared
from brain_tumor.errors import DataError

REMEDY = "delete the folder and prepare the scans again"


@pytest.fixture
def copied(prepared: PreparedSet, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared.folder, tmp_path / "set"))


@pytest.mark.parametrize("damage", ["summary.json", "manifest.csv", "images.npy", "frames.npy"])
@pytest.mark.parametrize("cut", [None, 0, 1, 7, 200, -1])
def test_a_damaged_set_says_to_delete_it(copied: Path, damage: str, cut: int | None) -> None:
    content = (copied / damage).read_bytes()
    (copied / damage).unlink()
    if cut is not None:
        (copied / damage).write_bytes(content[:cut])
    if damage == "summary.json" and cut == -1:
        open_prepared(copied)  # nothing but the end of the last line is gone
        return
    with pytest.raises(DataError, match=REMEDY):
        open_prepared(copied)


@pytest.mark.skipif(os.name == "nt", reason="no pipes here")
@pytest.mark.parametrize("damage", ["summary.json", "manifest.csv", "images.npy", "frames.npy"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(copied: Path, damage: str) -> None:
    (copied / damage).unlink()
    os.mkfifo(copied / damage)
    with pytest.raises(DataError, match=REMEDY):
        open_prepared(copied)


def drop_checksums(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    del summary["crc32"]
    (folder / "summary.json").write_text(json.dumps(summary))


@pytest.mark.parametrize("name", ["images.npy", "frames.npy", "manifest.csv"])
def test_a_flipped_bit_is_found(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    place = len(content) // 2
    if name == "manifest.csv":  # a letter of a file's name
        place = content.index(b".jpg", place)
    content[place + 1] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name} is not as it was written\): delete the folder"):
        open_prepared(copied)
    drop_checksums(copied)  # as in a set of 0.6, of which nothing is known
    open_prepared(copied)


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.sprung,)


def header(shape: str, descr: str = "'|u1'", order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1")


def arrays(shape: tuple[int, ...], sprung: Path) -> dict[str, Callable[[Path], object]]:
    def traps(path: Path) -> None:
        np.save(path, np.array([Trap(sprung)] * shape[0], object), allow_pickle=True)

    def zipped(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, images=np.zeros(shape, np.uint8))

    content = bytes(int(np.prod(shape)))
    return {
        "objects": traps,
        "pickle": lambda path: path.write_bytes(pickle.dumps(Trap(sprung))),
        "archive": zipped,
        "floats": lambda path: np.save(path, np.zeros(shape, np.float32)),
        "signed": lambda path: np.save(path, np.zeros(shape, np.int8)),
        "a scan less": lambda path: np.save(path, np.zeros((shape[0] - 1, *shape[1:]), np.uint8)),
        "a scan more": lambda path: np.save(path, np.zeros((shape[0] + 1, *shape[1:]), np.uint8)),
        "narrower": lambda path: np.save(path, np.zeros((*shape[:2], 7), np.uint8)),
        "flat": lambda path: np.save(path, np.zeros(shape[0], np.uint8)),
        "a number": lambda path: np.save(path, np.uint8(7)),
        "columns first": lambda path: np.save(path, np.asfortranarray(np.zeros(shape, np.uint8))),
        "lying": lambda path: path.write_bytes(header(f"({2**40}, 256, 256)") + content),
        "overflowing": lambda path: path.write_bytes(header(f"({2**62}, 256, 256)") + content),
        "negative": lambda path: path.write_bytes(header("(-1, 256, 256)") + content),
        "no shape": lambda path: path.write_bytes(header("None") + content),
        "no type": lambda path: path.write_bytes(header(str(shape), "'|zz'") + content),
        "code": lambda path: path.write_bytes(header("__import__('os').sep") + content),
        "no header": lambda path: path.write_bytes(b"\x93NUMPY\x01\x00\xff\xff" + content),
        "version 9": lambda path: path.write_bytes(b"\x93NUMPY\x09\x00" + content),
    }


@pytest.mark.parametrize("name", ["images.npy", "frames.npy"])
@pytest.mark.parametrize("kind", arrays((1, 1, 1), Path()))
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_an_array_of_another_kind_is_refused_and_nothing_unpickled(
    copied: Path, prepared: PreparedSet, tmp_path: Path, name: str, kind: str
) -> None:
    shape = prepared.images.shape if name == "images.npy" else prepared.frames.shape
    (copied / name).unlink()
    arrays(shape, tmp_path / "sprung")[kind](copied / name)
    with pytest.raises(DataError, match=rf"{name}.*{REMEDY}"):
        open_prepared(copied)
    assert not (tmp_path / "sprung").exists()


def renumbered(number: str) -> Callable[[str], str]:
    return lambda text: text.replace("\n0,", f"\n{number},", 1)


MANIFESTS: dict[str, Callable[[str], str]] = {
    "a column less": lambda text: text.replace(",file_md5", ",md5", 1),
    "a row twice": renumbered("1"),
    "a row too high": renumbered("1000000"),
    "a row below 0": renumbered("-1"),
    "a row that is no number": renumbered("one"),
    "a row of many digits": renumbered("1" * 5000),
    "a kept scan without a row": renumbered(""),
    "a line less": lambda text: "".join(text.splitlines(keepends=True)[:-1]),
    "a line cut short": lambda text: text[: text.rindex(",", 0, -40)] + "\n",
    "a path out of the root": lambda text: text.replace("Training/", "../Training/", 1),
    "an absolute path": lambda text: text.replace("Training/", "/Training/", 1),
    "a class unknown": lambda text: text.replace(",glioma,", ",oedema,", 1),
    "a status unknown": lambda text: text.replace(",kept,", ",maybe,", 1),
    "nothing": lambda text: "",
    "a header alone": lambda text: text.splitlines()[0] + "\n",
    "nul": lambda text: text.replace("Training", "Train\0ing", 1),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_that_is_none_is_refused(copied: Path, kind: str) -> None:
    path = copied / "manifest.csv"
    with path.open(newline="", encoding="utf-8") as file:
        text = file.read()
    changed = MANIFESTS[kind](text)
    assert changed != text
    path.write_bytes(changed.encode("utf-8"))
    with pytest.raises(DataError, match=REMEDY):
        open_prepared(copied)


SUMMARIES: dict[str, object] = {
    "list": [],
    "number": 3,
    "null": None,
    "empty": {},
    "kept": {"kept": 3},
    "kept text": {"kept": "all"},
    "classes": {"classes": 4},
    "fewer classes": {"classes": ["glioma"]},
    "crop": {"crop": None},
    "size": {"crop": {"size": 64}},
    "size text": {"crop": {"size": "256"}},
}


@pytest.mark.parametrize("kind", SUMMARIES)
def test_a_summary_that_is_none_is_refused(copied: Path, prepared: PreparedSet, kind: str) -> None:
    summary = SUMMARIES[kind]
    if isinstance(summary, dict) and summary:
        summary = prepared.summary | summary
    (copied / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    with pytest.raises(DataError, match=REMEDY):
        open_prepared(copied)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"\xff\xfe{", b"NaN", b'{"kept": 1' + b"1" * 5000]
)
def test_a_summary_that_is_no_json_is_refused(copied: Path, content: bytes) -> None:
    (copied / "summary.json").write_bytes(content)
    with pytest.raises(DataError, match=REMEDY):
        open_prepared(copied)


@pytest.mark.parametrize(
    "key", ["raw", "duplicates", "unusable", "harmonise", "near_duplicates", "seconds"]
)
def test_a_summary_without_one_of_its_counts_is_refused(
    copied: Path, prepared: PreparedSet, key: str
) -> None:
    summary = {name: value for name, value in prepared.summary.items() if name != key}
    (copied / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    with pytest.raises(DataError, match=f"{key}.*{REMEDY}"):
        open_prepared(copied)


def test_a_manifest_of_version_0_6_has_no_related_scans_but_near_duplicates(
    prepared: PreparedSet, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(prepared.folder, tmp_path / "before"))
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        lines = [
            {name: cell for name, cell in line.items() if name != "related"}
            for line in csv.DictReader(file)
        ]
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    drop_checksums(folder)
    found = open_prepared(folder)
    assert [row.related for row in found.manifest] == [row.cluster for row in prepared.manifest]


def test_merely_alike_scans_of_two_known_patients_are_not_joined() -> None:
    def entry(patient: str) -> dict[str, object]:
        return {"status": "kept", "patient_group": patient, "cluster": None, "related": None}

    entries = [entry(patient) for patient in ("a", "b", "", "b", "a")]
    pairs = [
        Pair(0, 1, "as is", 0.75, 0.9),  # two patients: the table knows better
        Pair(1, 2, "as is", 0.75, 0.9),  # nobody knows: they may be one
        Pair(3, 4, "as is", 0.95, 0.9),  # two patients, the same slice: the table is at fault
    ]
    mark_clusters(entries, pairs, 0.82)
    assert [entry["cluster"] for entry in entries] == [0, 1, 2, 3, 3]
    assert [entry["related"] for entry in entries] == [0, 1, 1, 2, 2]
