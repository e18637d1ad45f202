"""brain_tumor.load_classifier: the same answers without a command line, from several threads."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile
import numpy as np
import pytest
from PIL import Image

import brain_tumor
from brain_tumor import load_classifier
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.predict.classifier import Classifier, Prediction, Unusable


@pytest.fixture
def classifier(run: Path) -> Classifier:
    return load_classifier(run, accelerator="cpu")


@pytest.fixture
def files(phantom_root: Path) -> list[Path]:
    return sorted((phantom_root / "Testing").glob("*/*"))[::3]


def test_one_scan_in_three_lines(run: Path, files: list[Path]) -> None:
    found = load_classifier(str(run)).predict(str(files[0]))
    assert isinstance(found, Prediction)
    assert found.source == str(files[0])
    assert found.confidence == max(found.probabilities.values())


def test_what_a_scan_is_given_as_makes_no_difference(
    classifier: Classifier, files: list[Path]
) -> None:
    path = next(file for file in files if file.read_bytes().startswith(b"\x89PNG"))
    with Image.open(path) as picture:
        given = [str(path), path, path.read_bytes(), picture, np.array(picture)]
        found = classifier.predict(given)
        for one, alone in zip(found, map(classifier.predict, given), strict=True):
            assert one.probabilities == pytest.approx(dict(alone.probabilities), abs=1e-6)
            assert one.source == alone.source
    assert [one.source for one in found] == [str(path)] * 2 + [None] * 3
    assert len({one.label for one in found}) == 1
    assert found[0].probabilities == pytest.approx(dict(found[4].probabilities), abs=1e-6)
    assert classifier.predict([]) == []


def test_threads_get_what_one_after_the_other_gets(
    classifier: Classifier, files: list[Path]
) -> None:
    expected = [classifier.predict(path) for path in files]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(classifier.predict, files)) == expected


def test_any_number_of_files_bad_ones_among_them(
    classifier: Classifier, files: list[Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(hostile.bomb(8_000))
    found = list(classifier.predict_files([files[0], bad, files[1]], batch_size=2))
    assert [type(one) for one in found] == [Prediction, Unusable, Prediction]
    assert [one.source for one in found] == [str(files[0]), str(bad), str(files[1])]
    assert [one.source for one in classifier.predict_files(files[0])] == [str(files[0])]
    with pytest.raises(DataError, match="matches nothing"):
        classifier.predict_files(tmp_path / "gone")


def test_what_cannot_be_predicted_is_said(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_bytes(b"text")
    for given, told in (
        (tmp_path / "text.jpg", r"text\.jpg cannot be used, it is undecodable"),
        ([tmp_path / "gone.jpg"], r"gone\.jpg cannot be used, it is unreadable"),
        (b"text", "The bytes cannot be used: not a picture"),
        (np.zeros((90, 90), np.uint8), "The ndarray cannot be used: one grey"),
    ):
        with pytest.raises(DataError, match=told):
            classifier.predict(given)
    with pytest.raises(TypeError, match="not <class 'int'>"):
        classifier.predict(3)  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match=r"abstention\.error"):
        load_classifier(tmp_path, abstention_error=2)


def test_the_sentence_about_an_array_says_how_to_change_it(
    classifier: Classifier, tmp_path: Path
) -> None:
    head = hostile.phantom(3, 96)
    four = np.dstack([head, head, head, np.full_like(head, 255)])
    with pytest.raises(DataError, match=r"leave its transparency out, as \[\.\.\., :3\]"):
        classifier.predict(four)
    known = classifier.predict(head).probabilities
    assert classifier.predict(four[..., :3]).probabilities == pytest.approx(dict(known), abs=1e-5)
    with pytest.raises(DataError, match=r"scale it to 0-255, then \.astype\(np\.uint8\)"):
        classifier.predict(head / 255)
    with pytest.raises(DataError, match=r"is a folder: .*brain_tumor\.predict\(RUN, FOLDER\)"):
        classifier.predict(tmp_path)


def test_frames_of_a_dicom_file(classifier: Classifier, tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    import dicom_files

    frames = np.stack([hostile.phantom(seed, 120) for seed in range(2)])
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom_files.written(dicom_files.made(frames)))
    for given, sources in ((path, [f"{path}#1", f"{path}#2"]), (path.read_bytes(), [None, None])):
        with pytest.raises(DataError, match=r"2 frames or slices: give it in a list"):
            classifier.predict(given)
        assert [one.source for one in classifier.predict([given])] == sources


def test_importing_the_package_waits_for_nothing() -> None:
    told = "import sys, brain_tumor; print('torch' in sys.modules, 'cv2' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.split() == ["False", "False"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = brain_tumor.nothing
