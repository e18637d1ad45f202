import itertools
from pathlib import Path

import numpy as np
import pytest
from bodies import FRONT, RIGHT, SKIN, TOP, body, nibabel, nifti, series
from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.errors import ConfigError
from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.volumes.dicom_series import find_series
from brain_tumor.files.volumes.slices import VolumeSettings, chosen_slices, to_grey
from brain_tumor.files.volumes.volume import Volume, read_nifti, to_canonical

CODES = [
    "".join(codes)
    for order in itertools.permutations(("RL", "AP", "SI"))
    for codes in itertools.product(*order)
]
SAMPLES = Path(nibabel.__file__).parent / "tests" / "data"


def middle(volume: Volume, axis: str) -> np.ndarray:
    (picture,) = chosen_slices(volume, VolumeSettings(axis, 1)).values()  # type: ignore[arg-type]
    return picture


def where(picture: np.ndarray, value: int) -> str:
    """Say at which border of a picture a mark lies."""
    grey = round(255 * (value - SKIN) / (RIGHT - SKIN))
    rows, columns = np.nonzero(np.abs(picture.astype(int) - grey) <= 4)
    row, column = rows.mean() / picture.shape[0], columns.mean() / picture.shape[1]
    if abs(row - 0.5) > abs(column - 0.5):
        return "top" if row < 0.5 else "bottom"
    return "left" if column < 0.5 else "right"


@pytest.mark.parametrize("codes", CODES)
def test_every_orientation_is_shown_the_radiological_way(codes: str, tmp_path: Path) -> None:
    volume = read_nifti(nifti(tmp_path / "a.nii.gz", codes))
    axial, coronal, sagittal = (middle(volume, axis) for axis in ("axial", "coronal", "sagittal"))
    assert (where(axial, RIGHT), where(axial, FRONT)) == ("left", "top")
    assert (where(coronal, RIGHT), where(coronal, TOP)) == ("left", "top")
    assert (where(sagittal, FRONT), where(sagittal, TOP)) == ("left", "top")


@pytest.mark.parametrize("plane", ["axial", "coronal"])
def test_a_series_is_the_same_volume_as_its_nifti_file(plane: str, tmp_path: Path) -> None:
    spacing = (1.0, 1.0, 2.0)
    series(tmp_path / "dicom", spacing, plane)
    (found,) = find_series((tmp_path / "dicom").iterdir())
    ours, other = found.read(), read_nifti(nifti(tmp_path / "a.nii", "LAS", spacing))
    assert ours.spacing == pytest.approx(other.spacing) == spacing
    np.testing.assert_array_equal(ours.values, other.values)


@pytest.mark.parametrize(
    "name", ["anatomical.nii", "resampled_anat_moved.nii", "reoriented_anat_moved.nii"]
)
def test_nibabels_own_files_are_turned_as_nibabel_turns_them(name: str) -> None:
    ours = read_nifti(SAMPLES / name)
    other = nibabel.as_closest_canonical(nibabel.load(SAMPLES / name))
    values = other.get_fdata(dtype=np.float32)
    np.testing.assert_array_equal(ours.values, np.nan_to_num(values, nan=np.nanmin(values)))
    assert ours.spacing == pytest.approx(other.header.get_zooms())
    assert chosen_slices(ours, VolumeSettings())


@given(st.integers(0, 2**32 - 1))
def test_any_affine_is_turned_as_nibabel_turns_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    largest = np.sort(np.abs(rotation), axis=0)
    if (largest[2] - largest[1] < 0.05).any():  # as near to one direction as to another
        return
    affine = np.eye(4)
    affine[:3, :3] = rotation * random.uniform(0.5, 3, 3)
    values = random.normal(size=(3, 4, 5)).astype(np.float32)
    other = nibabel.as_closest_canonical(nibabel.Nifti1Image(values, affine))
    ours = to_canonical(values, affine)
    np.testing.assert_array_equal(ours.values, np.asarray(other.dataobj))
    assert ours.spacing == pytest.approx(np.linalg.norm(other.affine[:3, :3], axis=0))


def test_pixels_are_square(tmp_path: Path) -> None:
    volume = read_nifti(nifti(tmp_path / "a.nii", "RAS", (0.5, 1.0, 3.0)))
    x, y, z = body().shape
    assert middle(volume, "axial").shape == (y * 2, x)
    assert middle(volume, "coronal").shape == (z * 6, x)
    assert middle(volume, "sagittal").shape == (z * 3, y)


def test_ends_without_a_head_are_left_out() -> None:
    drawn = np.zeros((40, 40, 60), np.float32)
    drawn[5:35, 5:35, 20:50] = 100
    volume = to_canonical(drawn, np.eye(4))
    assert list(chosen_slices(volume, VolumeSettings("axial", "every 1"))) == [*range(20, 50)]
    assert list(chosen_slices(volume, VolumeSettings("axial", "every 10"))) == [20, 30, 40]
    assert list(chosen_slices(volume, VolumeSettings("axial", 3))) == [25, 35, 45]
    assert len(chosen_slices(volume, VolumeSettings("axial", 10_000))) == 30


@given(st.integers(1, 60), st.integers(0, 20), st.integers(1, 40))
def test_so_many_slices_are_chosen_evenly(number: int, first: int, length: int) -> None:
    full = np.zeros(first + length + 5, bool)
    full[first : first + length] = True
    chosen = VolumeSettings("axial", number).choose(full)
    assert len(chosen) == min(number, length) == len(set(chosen))
    assert all(full[place] for place in chosen)
    steps = np.diff(chosen)
    assert not len(steps) or steps.max() - steps.min() <= 1


@given(st.floats(0.01, 1000), st.floats(-1000, 1000))
def test_the_unit_of_a_volume_does_not_matter(slope: float, intercept: float) -> None:
    random = np.random.default_rng(0)
    values = random.gamma(2, 50, (12, 12, 12)).astype(np.float32)
    one = to_grey(Volume(values, (1, 1, 1)))
    other = to_grey(Volume((values * slope + intercept).astype(np.float32), (1, 1, 1)))
    assert np.abs(one.astype(int) - other).max() <= 1


def test_a_cut_out_brain_and_a_spike_do_not_darken_the_rest() -> None:
    random = np.random.default_rng(0)
    values = np.zeros((40, 40, 40), np.float32)
    values[12:28, 12:28, 12:28] = random.uniform(400, 600, (16, 16, 16))
    values[20, 20, 20] = 1e6
    brain = to_grey(Volume(values, (1, 1, 1)))[12:28, 12:28, 12:28]
    assert 120 < np.median(brain) < 135 and brain.std() > 60


def test_what_is_no_number_is_background() -> None:
    drawn = body()
    drawn[drawn == 0] = np.nan
    found = to_grey(to_canonical(drawn, np.eye(4)))
    assert found[0, 0, 0] == 0 and found.max() == 255


@pytest.mark.parametrize("slices", [0, -1, 10_001, "every", "every 0", "all", "every 3 or so"])
def test_other_choices_are_refused(slices: object) -> None:
    with pytest.raises(ConfigError, match=r"data\.volume\.slices must be a whole number"):
        VolumeSettings("axial", slices)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "affine", "reason"),
    [
        (np.full((4, 4, 4), 7.0), np.eye(4), "all values are the same"),
        (np.full((4, 4, 4), np.nan), np.eye(4), "without a number"),
        (body(), np.zeros((4, 4)), "affine cannot be"),
        (body(), np.diag([1, 1, 500, 1.0]), "1 x 1 x 500 mm"),
        (body(), np.full((4, 4), np.nan), "affine cannot be"),
    ],
)
def test_what_is_no_volume_is_refused(values: np.ndarray, affine: np.ndarray, reason: str) -> None:
    with pytest.raises(UndecodableScanError, match=reason):
        chosen_slices(to_canonical(values, affine), VolumeSettings())
