"""Decide what a phantom folder is to hold: its patients, its files and which repeats which."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from brain_tumor.data.phantom.anatomy import CLASSES, VIEWS

# Widths and heights in pixels and their shares, about as in the Kaggle set.
_SIZES = ((512, 512), (225, 225), (236, 236), (630, 630), (201, 251), (256, 256), (350, 400))
_SIZE_SHARES = (0.69, 0.10, 0.05, 0.04, 0.05, 0.04, 0.03)
_JPEG_RGB_SHARE = 0.56  # 3,925 of 7,018 JPEG files of the Kaggle set
_PNG_KINDS = ("png-rgb-named-jpg", "png-grey", "png-rgba", "png-16bit", "png-palette")
_PNG_SHARE = 0.02
# Shares of the drawn slices that come again: mirrored, copied in a folder, copied across folders.
_MIRRORED_SHARE = 0.18
_COPIED_IN_TRAINING, _COPIED_IN_TESTING, _COPIED_ACROSS, _SAVED_AGAIN = 0.035, 0.012, 0.03, 0.005
_TESTING_SHARE = 0.25  # of the slices of a patient in both folders
_ONLY_TRAINING, _ONLY_TESTING = 0.2, 0.1  # of the patients


@dataclass(frozen=True)
class PhantomScan:
    """One file of a phantom folder. Sizes and places are in its pixels."""

    path: str  # POSIX, relative to the folder
    folder: str  # `Training` or `Testing`
    label: str  # one of `CLASSES`
    view: str  # one of `VIEWS`
    patient: str  # for instance `P0007`; each has one label
    slice_id: str  # for instance `S00031`; copies of a drawn slice share it
    mirrored: bool  # flipped left to right
    duplicate_of: str | None  # path of the scan that this file repeats exactly
    width: int
    height: int
    kind: str  # how it is encoded and named, for instance `jpeg-rgb` or `png-rgb-named-jpg`
    mass_x: float | None = None  # column of the centre of the mass; None without a mass
    mass_y: float | None = None  # row of that centre
    mass_radius: float | None = None


@dataclass(frozen=True)
class PlannedScan:
    """A scan before it is drawn; `source` is the position of the plan it repeats or mirrors."""

    scan: PhantomScan
    source: int | None = None
    saved_again: bool = False


def plan_scans(patients: int, slices: int, rng: np.random.Generator) -> list[PlannedScan]:
    """Decide who is in which folder, what every file looks like and which files repeat others.

    Originals come first, in random order, and the files are numbered in that order, so a copy has a
    later name than what it repeats, and a name says nothing about class or patient.
    """
    scans = _plan_originals(patients, slices, rng)
    folders = defaultdict(set)
    for scan in scans:
        folders[scan.patient].add(scan.folder)
    count = len(scans)
    order = [int(i) for i in rng.permutation(count)]
    training = [i for i in order if scans[i].folder == "Training"]
    testing = [i for i in order if scans[i].folder == "Testing"]
    # Only patients who are in both folders anyway may have a copy in the other one.
    shared = [i for i in training if len(folders[scans[i].patient]) == 2]

    again = shared[: _at_least_one(_SAVED_AGAIN * count)]
    across = shared[len(again) :][: _at_least_one(_COPIED_ACROSS * count)]
    used = {*again, *across}
    within = [i for i in training if i not in used][: _at_least_one(_COPIED_IN_TRAINING * count)]
    within += testing[: _at_least_one(_COPIED_IN_TESTING * count)]

    # Files to be saved again losslessly have to be PNG; any others are as likely to be.
    pngs = [*again, *(i for i in order if i not in again)]
    for n, i in enumerate(pngs[: max(len(_PNG_KINDS), round(_PNG_SHARE * count))]):
        scans[i] = replace(scans[i], kind=_PNG_KINDS[n % len(_PNG_KINDS)])

    named = [replace(scan, path=_name(n, scan)) for n, scan in enumerate(scans)]
    plans = [PlannedScan(scan) for scan in named]

    def repeat(source: int, folder: str, mirrored: bool = False, saved_again: bool = False) -> int:
        original = plans[source].scan
        scan = replace(
            original,
            folder=folder,
            mirrored=original.mirrored != mirrored,
            duplicate_of=None if mirrored else original.path,
        )
        scan = replace(scan, path=_name(len(plans), scan))
        plans.append(PlannedScan(scan, source, saved_again))
        return len(plans) - 1

    for i in rng.permutation(count)[: _at_least_one(_MIRRORED_SHARE * count)]:
        source = named[i]
        crosses = len(folders[source.patient]) == 2 and rng.random() < 0.4
        other = "Testing" if source.folder == "Training" else "Training"
        repeat(int(i), other if crosses else source.folder, mirrored=True)
    for i in within:
        repeat(i, named[i].folder)
    for i in again:
        repeat(i, "Testing", saved_again=True)
    copies = [repeat(i, "Testing") for i in across]
    # One Testing scan stands there twice and in Training too: the order of the steps matters.
    repeat(copies[0], "Testing")
    return plans


def _plan_originals(patients: int, slices: int, rng: np.random.Generator) -> list[PhantomScan]:
    """List the slices to draw, in random order, all but their names and masses decided."""
    only_training, only_testing = round(_ONLY_TRAINING * patients), round(_ONLY_TESTING * patients)
    scans = []
    numbers = rng.permutation(patients * len(CLASSES))
    for label_index, label in enumerate(CLASSES):
        for n in range(patients):
            in_testing = min(slices - 1, max(1, round(_TESTING_SHARE * slices)))
            if n >= patients - only_training:
                in_testing = 0
            elif n >= patients - only_training - only_testing:
                in_testing = slices
            patient = f"P{numbers[label_index * patients + n]:04d}"
            # Scanned mostly along one view, with some slices along the others.
            usual = VIEWS[int(rng.integers(len(VIEWS)))]
            for k in range(slices):
                other = VIEWS[int(rng.integers(len(VIEWS)))]
                width, height = _SIZES[int(rng.choice(len(_SIZES), p=_SIZE_SHARES))]
                scans.append(
                    PhantomScan(
                        path="",
                        folder="Testing" if k < in_testing else "Training",
                        label=label,
                        view=usual if rng.random() < 0.7 else other,
                        patient=patient,
                        slice_id="",
                        mirrored=False,
                        duplicate_of=None,
                        width=width,
                        height=height,
                        kind="jpeg-rgb" if rng.random() < _JPEG_RGB_SHARE else "jpeg-grey",
                    )
                )
    shuffled = [scans[i] for i in rng.permutation(len(scans))]
    return [replace(scan, slice_id=f"S{n:05d}") for n, scan in enumerate(shuffled)]


def _at_least_one(count: float) -> int:
    return max(1, round(count))


def _name(number: int, scan: PhantomScan) -> str:
    """Name a file; like some of the Kaggle set, most PNG files are called `.jpg`."""
    ending = "png" if scan.kind in ("png-grey", "png-16bit") else "jpg"
    return f"{scan.folder}/{scan.label}/phantom-{number:05d}.{ending}"
