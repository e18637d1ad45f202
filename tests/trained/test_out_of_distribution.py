import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from omegaconf import DictConfig
from sklearn.metrics import roc_auc_score
from strange_pictures import NO_HEADS, Draw, phantom

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.crop import CropSettings, cut_to_head, find_head
from brain_tumor.errors import DataError
from brain_tumor.evaluate.fit_out_of_distribution import (
    OOD,
    PICTURE_SHARE,
    SEEN_SHARE,
    cross_fit_ood_detector,
    fit_ood_detector,
    ood_sentence,
    save_ood_detector,
)
from brain_tumor.evaluate.predictions import predict_parts, scoring_trainer
from brain_tumor.metrics.outliers import Spread
from brain_tumor.metrics.picture_features import KINDS, picture_features
from brain_tumor.models.classifier import TrainingSettings
from brain_tumor.models.gbmnet import GBMnet
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.reopen import reopen_data
from brain_tumor.train.build import build_classifier
from brain_tumor.trained.out_of_distribution import (
    MAX_SCORE,
    OOD_FILE,
    OODDetector,
    as_bytes,
    from_bytes,
    open_ood_detector,
    write_ood_detector,
)

CROP = CropSettings(blur_kernel=3, threshold=45, erosions=2, dilations=2, size=256)
Scans = npt.NDArray[np.uint8]
Seen = npt.NDArray[np.float32]


def cropped(draw: Draw, number: int, seed: int) -> Scans:
    """Draw pictures and cut them as scans are; blank ones never get as far as the network."""
    rng = np.random.default_rng(seed)
    found: list[Scans] = []
    while len(found) < number:
        picture = draw(rng)
        box = find_head(picture, CROP)
        if box is not None:
            found.append(cut_to_head(picture, box, CROP.size))
    return np.stack(found)


@pytest.fixture(scope="module")
def network() -> GBMnet:
    torch.manual_seed(0)
    return GBMnet(width=8).eval()


@pytest.fixture(scope="module")
def see(network: GBMnet) -> Callable[[Scans], Seen]:
    def features(scans: Scans) -> Seen:
        with torch.inference_mode():
            found = network.forward_features(torch.from_numpy(scans).unsqueeze(1)).mean(dim=(2, 3))
        return np.asarray(found.numpy(), np.float32)

    return features


@pytest.fixture(scope="module")
def known() -> Scans:
    return cropped(phantom, 260, 0)


@pytest.fixture(scope="module")
def detector(known: Scans, see: Callable[[Scans], Seen]) -> OODDetector:
    pictures, features = picture_features(known), see(known)
    return fit_ood_detector(pictures[:160], features[:160], pictures[160:], features[160:])


def test_at_most_two_per_cent_of_the_held_out_scans_are_strange(
    detector: OODDetector, known: Scans, see: Callable[[Scans], Seen]
) -> None:
    held_out = detector.score(known[160:], see(known[160:]))
    assert 0 < np.mean(held_out > detector.threshold) <= 2 - PICTURE_SHARE - SEEN_SHARE
    assert held_out.min() >= 0


@pytest.mark.parametrize("kind", NO_HEADS)
def test_what_is_no_head_is_strange(
    kind: str, detector: OODDetector, known: Scans, see: Callable[[Scans], Seen]
) -> None:
    pictures = cropped(NO_HEADS[kind], 12, 1)
    strange, held_out = (detector.score(scans, see(scans)) for scans in (pictures, known[160:]))
    assert np.mean(strange > detector.threshold) == 1
    truth = np.repeat([0, 1], [len(held_out), len(strange)])
    assert roc_auc_score(truth, np.concatenate([held_out, strange])) > 0.98


def test_scans_turned_inside_out_are_strange_and_new_ones_are_not(
    detector: OODDetector, known: Scans, see: Callable[[Scans], Seen]
) -> None:
    inverted, new = 255 - known[:12], cropped(phantom, 40, 2)
    assert (detector.score(inverted, see(inverted)) > detector.threshold).all()
    assert np.mean(detector.score(new, see(new)) > detector.threshold) < 0.2


def test_without_held_out_scans_folds_of_the_reference_take_their_place(
    known: Scans, see: Callable[[Scans], Seen]
) -> None:
    # Each scan twice, as a near-duplicate would be: only groups keep a copy from its copy.
    twice = np.repeat(known[:100], 2, axis=0)
    pictures, features = picture_features(twice), see(twice)
    groups = np.arange(200) // 2
    fitted = cross_fit_ood_detector(pictures, features, groups, np.random.default_rng(0))
    blind = cross_fit_ood_detector(pictures, features, np.arange(200), np.random.default_rng(0))
    assert fitted.feature_unit > 1.2 * blind.feature_unit
    new = cropped(phantom, 40, 2)
    assert np.mean(fitted.score(new, see(new)) > fitted.threshold) < 0.2
    knees = cropped(NO_HEADS["knee"], 6, 1)
    assert (fitted.score(knees, see(knees)) > fitted.threshold).all()


def test_values_that_are_no_numbers_are_strange(
    detector: OODDetector, known: Scans, see: Callable[[Scans], Seen]
) -> None:
    features = see(known[:3])
    features[1, 0], features[2, 0] = np.nan, np.inf
    found = detector.score(known[:3], features)
    assert found[0] < MAX_SCORE
    assert found[1:].tolist() == [MAX_SCORE, MAX_SCORE]


@pytest.mark.filterwarnings("error")
def test_what_a_file_s_numbers_lead_beyond_all_bounds_is_strange(
    detector: OODDetector, known: Scans, see: Callable[[Scans], Seen]
) -> None:
    signs = np.resize(np.float32([3e38, -3e38]), (sum(KINDS), 1))
    wild = OODDetector(
        Spread(np.full(sum(KINDS), 1e308), signs), detector.features_of_training, 1.0, 1.0
    )
    found = from_bytes(as_bytes(wild)).score(known[:2], see(known[:2]))
    assert found.tolist() == [MAX_SCORE, MAX_SCORE]


def test_a_detector_of_version_0_6_is_read_from_its_earlier_name(
    detector: OODDetector, tmp_path: Path
) -> None:
    write_ood_detector(RunFolder(tmp_path), detector)
    (tmp_path / OOD_FILE).rename(tmp_path / "trust.npz")
    read = open_ood_detector(RunFolder(tmp_path))
    assert read is not None and as_bytes(read) == as_bytes(detector)


def test_features_of_another_network_are_refused(detector: OODDetector, known: Scans) -> None:
    with pytest.raises(DataError, match="fitted to a network with 64 feature maps, this one has 7"):
        detector.score(known[:1], np.zeros((1, 7), np.float32))


def test_a_file_gives_back_the_same_and_has_the_same_bytes_each_time(
    detector: OODDetector, known: Scans, see: Callable[[Scans], Seen], tmp_path: Path
) -> None:
    for name in ("first", "second"):
        write_ood_detector(RunFolder(tmp_path / name), detector)
    first, second = (tmp_path / name / OOD_FILE for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == [OOD_FILE]
    read = open_ood_detector(RunFolder(first.parent))
    assert read is not None
    scans, features = known[:20], see(known[:20])
    assert np.array_equal(read.score(scans, features), detector.score(scans, features))


def test_an_older_run_has_none(tmp_path: Path) -> None:
    assert open_ood_detector(RunFolder(tmp_path)) is None


class Harmful:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return _touch, ("run",)


def _touch(name: str) -> None:
    raise AssertionError(f"{name}: what a file holds was run")


def _header(shape: str, kind: str = "<f8") -> bytes:
    stream = io.BytesIO()
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    stream.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
    return stream.getvalue()


def _npy(values: npt.NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


def _changed(path: Path, compression: int = zipfile.ZIP_STORED, **members: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in (content | {f"{k}.npy": v for k, v in members.items()}).items():
            archive.writestr(name, data)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"mean: 0"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "compressed": lambda path: _changed(path, zipfile.ZIP_DEFLATED),
    "pickled": lambda path: _changed(path, mean=_npy(np.array([Harmful()], object))),
    "vast": lambda path: _changed(path, directions=_header("(4000000000, 4000000000)", "<f2")),
    "negative": lambda path: _changed(path, directions=_header("(-1, 64)", "<f2")),
    "deep": lambda path: _changed(path, mean=_header("(" * 2000)),
    "another array": lambda path: _changed(path, more=_npy(np.zeros(3))),
    "another type": lambda path: _changed(path, mean=_npy(np.zeros(242, np.float32))),
    "no numbers": lambda path: _changed(path, mean=_npy(np.full(242, np.nan))),
    "no reference": lambda path: _changed(path, directions=_npy(np.zeros((0, 64), np.float16))),
    "other features": lambda path: _changed(path, mean=_npy(np.zeros(241))),
    "no unit": lambda path: _changed(path, units=_npy(np.array([1.0, 0.0]))),
    "too large": lambda path: path.write_bytes(bytes(20 * 2**20 + 1)),
}


@pytest.mark.parametrize("harm", HOSTILE)
def test_a_hostile_file_is_refused_in_a_sentence(
    harm: str, detector: OODDetector, tmp_path: Path
) -> None:
    write_ood_detector(RunFolder(tmp_path), detector)
    HOSTILE[harm](tmp_path / OOD_FILE)
    with pytest.raises(DataError, match=r"ood\.npz is damaged \(.+\): evaluate the run") as error:
        open_ood_detector(RunFolder(tmp_path))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_damaged_bytes_are_refused_or_change_nothing(detector: OODDetector, tmp_path: Path) -> None:
    write_ood_detector(RunFolder(tmp_path), detector)
    path, rng = tmp_path / OOD_FILE, np.random.default_rng(0)
    whole, refused = path.read_bytes(), 0
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[int(rng.integers(len(whole)))] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged))
        try:
            read = open_ood_detector(RunFolder(tmp_path))
        except DataError:
            refused += 1
            continue
        assert read is not None
        assert np.array_equal(
            read.features_of_training.directions, detector.features_of_training.directions
        )
    assert refused > 50  # all that is no date or mode of a member


def test_a_training_leaves_it_and_another_look_writes_the_same_bytes(
    sweep: dict[float, Path], tmp_path: Path
) -> None:
    run = RunFolder(next(iter(sweep.values())))
    record = OOD.read(run)
    assert record.held_out.part == "validation"
    assert record.reference_scans > 5
    assert set(record.flagged) == {"validation", "test"}
    assert "% of the validation and" in ood_sentence(record)
    datamodule = reopen_data(run, None, str(tmp_path))
    checkpoint = run.checkpoint("best")
    trainer = scoring_trainer("cpu")
    predictions = predict_parts(datamodule, load_classifier(checkpoint), checkpoint, trainer)
    assert save_ood_detector(RunFolder(tmp_path), datamodule, predictions, 0) == record
    for name in (OOD_FILE, "ood.json"):
        assert (tmp_path / name).read_bytes() == (run.path / name).read_bytes()
    detector = open_ood_detector(run)
    assert detector is not None
    validation = predictions["validation"]
    found = detector.score(datamodule.prepared.images[validation.rows], validation.features)
    assert np.mean(found > detector.threshold) == pytest.approx(record.flagged["validation"])


def test_a_split_without_validation_part_has_it_too(
    datamodule: ScanDataModule, compose: Callable[..., DictConfig], tmp_path: Path
) -> None:
    classifier = build_classifier(compose("model.width=8"), datamodule, TrainingSettings()).eval()
    predictions = predict_parts(datamodule, classifier, Path("none"), scoring_trainer("cpu"))
    record = save_ood_detector(RunFolder(tmp_path), datamodule, predictions, 0)
    assert record is not None
    assert record.held_out.part == "train, 5 folds"
    assert set(record.flagged) == {"test"}
    assert open_ood_detector(RunFolder(tmp_path)) is not None
