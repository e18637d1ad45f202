"""Fuzzing of what reads tables. `make fuzz` tries many more cases than the default suite."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from overlap_table import read_overlap

from brain_tumor.data.external.overlap import OverlappingScan, write_overlap
from brain_tumor.data.groups.pairs import Pair, read_pairs, write_pairs
from brain_tumor.data.groups.patients import read_patients
from brain_tumor.data.prepared.manifest import (
    ManifestRow,
    read_manifest,
    write_manifest,
)
from brain_tumor.data.split_file import read_split
from brain_tumor.errors import DataError
from brain_tumor.files.source import Scan

ANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Whatever stands in a name: commas, quotes, line breaks, letters of any script, but no NUL.
LETTERS = st.one_of(
    st.sampled_from(",;\"'\n\r\t #=\\/.\u00e9\u0301\ufeff\u2028\x85"),
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)),
)
CELLS = st.text(LETTERS, max_size=12)
NAMES = st.text(LETTERS, min_size=1, max_size=12)
COLUMNS = ("path", "part", "patient", "file_md5", "slice_id", "first", "second", "row", "label")

# Tables that look like ours, and bytes that are none.
TABLES = st.one_of(
    st.binary(max_size=200),
    CELLS.map(lambda text: text.encode("utf-8")),
    st.lists(st.lists(st.one_of(st.sampled_from(COLUMNS), CELLS), max_size=6), max_size=6).map(
        lambda lines: "\n".join(",".join(line) for line in lines).encode("utf-8")
    ),
    st.lists(
        st.tuples(NAMES, st.sampled_from(("train", "test", "validation", ""))), max_size=6
    ).map(
        lambda lines: "\n".join(["path,part", *(",".join(line) for line in lines)]).encode("utf-8")
    ),
)


@ANY
@given(TABLES)
def test_any_bytes_are_a_table_or_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    for read in (read_patients, lambda path: read_split(path, {"a": 0, "b": 1})):
        try:
            read(path)
        except DataError as error:
            assert str(path) in str(error)
    for read in (read_manifest, lambda path: read_pairs(path, ["a", "b"])):
        try:
            read(path)
        except (OSError, ValueError, KeyError) as error:
            assert str(error)


WHOLE = st.one_of(st.none(), st.integers(0, 10**9))


@ANY
@given(
    st.lists(
        st.builds(
            ManifestRow,
            **dict.fromkeys(("row", "width", "height", "left", "top", "right", "bottom"), WHOLE),
            cluster=WHOLE,
            bytes=st.integers(0, 2**40),
            **dict.fromkeys(
                (
                    *("path", "folder", "label", "status", "reason", "duplicate_of", "format"),
                    *("mode", "file_md5", "frame_md5", "pixel_md5", "slice_id", "patient"),
                    *("patient_group", "known_label"),
                ),
                CELLS,
            ),
        ),
        max_size=4,
    )
)
def test_a_manifest_is_read_as_it_was_written(tmp_path: Path, rows: list[ManifestRow]) -> None:
    write_manifest(tmp_path / "manifest.csv", rows)
    assert read_manifest(tmp_path / "manifest.csv") == tuple(rows)


@ANY
@given(st.lists(NAMES, min_size=2, max_size=6, unique=True), st.data())
def test_pairs_seen_scans_and_splits_are_read_as_they_were_written(
    tmp_path: Path, names: list[str], data: st.DataObject
) -> None:
    ends = st.integers(0, len(names) - 1)
    numbers = st.integers(-10_000, 10_000).map(lambda value: value / 10_000)
    pairs = data.draw(st.lists(st.builds(Pair, ends, ends, CELLS, numbers, numbers)))
    write_pairs(tmp_path / "pairs.csv", pairs, names)
    assert read_pairs(tmp_path / "pairs.csv", names) == pairs
    seen = data.draw(
        st.lists(st.builds(OverlappingScan, NAMES, NAMES, NAMES, CELLS, numbers, CELLS))
    )
    write_overlap(tmp_path / "seen.csv", seen)
    assert read_overlap(tmp_path / "seen.csv") == seen


@ANY
@given(st.binary(min_size=1, max_size=20))
def test_every_name_has_a_text_that_files_can_hold(name: bytes) -> None:
    path = name.decode("utf-8", "surrogateescape")
    text = Scan(path, "", "").name
    text.encode("utf-8")
    if path.isascii():
        assert text == path


@pytest.mark.parametrize("name", ["caf\u00e9", "cafe\u0301"])
def test_names_are_not_normalised(name: str) -> None:
    assert Scan(name, "", "").name == name
