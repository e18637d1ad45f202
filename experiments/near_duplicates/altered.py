"""How many altered copies the search finds, by alteration and strength, and how many wrong pairs.

    python experiments/near_duplicates/altered.py PREPARED RAW

PREPARED is the folder of a prepared set whose patient table names slices, RAW that of its scans.
Five hundred scans of different known slices are altered, each in every way of `alterations`, and
sought among all raw scans. Writes altered.csv beside this file: the copies found as the same slice
and as related to a scan of their slice, and the pairs that join a copy to another known patient.
"""

import csv
import sys
from pathlib import Path

import cv2
import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from brain_tumor.data.groups.near_duplicates import find_near_duplicates
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared
from brain_tumor.data.prepared.thumbnails import thumbnail
from brain_tumor.files.picture import decode_grey
from brain_tumor.files.scans import Grey
from experiments.near_duplicates.alterations import ALTERATIONS, SIDE, STRENGTHS

HERE = Path(__file__).parent
SCANS = 500
COLUMNS = ("alteration", "strength", "scans", "same slice", "related", "other patients")


def choose_scans(prepared: PreparedSet, seed: int = 0) -> list[int]:
    """Choose kept scans of different known slices, by position in the manifest."""
    order = np.random.default_rng(seed).permutation(len(prepared.manifest)).tolist()
    first: dict[tuple[str, str], int] = {}
    for position in order:
        row = prepared.manifest[position]
        if row.row is not None and row.slice_key is not None:
            first.setdefault(row.slice_key, position)
    return sorted(list(first.values())[:SCANS])


def read_scan(path: Path) -> Grey:
    """Read a scan, shrunk or enlarged to the side at which it is altered."""
    scan = decode_grey(path.read_bytes())
    return np.asarray(cv2.resize(scan, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def main(folder: str, raw: str) -> None:
    """Alter, search and count."""
    prepared = open_prepared(Path(folder))
    settings = NearDuplicateSettings(**prepared.summary["near_duplicates"])
    rows, frames = prepared.manifest, np.asarray(prepared.frames)
    chosen = choose_scans(prepared)
    scans = [read_scan(Path(raw) / rows[position].path) for position in chosen]
    with (HERE / "altered.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for place, (name, alter) in enumerate(ALTERATIONS.items()):
            for strength in STRENGTHS:
                rng = np.random.default_rng((place, strength))
                copies = np.stack([thumbnail(alter(scan, strength, rng)) for scan in scans])
                both = np.concatenate((frames, copies))
                pairs = find_near_duplicates(both, settings, known=len(frames))
                best, wrong = np.zeros(len(chosen)), 0
                for pair in pairs:
                    if not pair.first < len(frames) <= pair.second:
                        continue
                    copy = pair.second - len(frames)
                    one, other = rows[pair.first], rows[chosen[copy]]
                    if one.slice_key == other.slice_key:
                        best[copy] = max(best[copy], pair.similarity)
                    elif one.patient_group and one.patient_group != other.patient_group:
                        wrong += 1
                same, related = np.sum(best >= settings.same_slice), np.sum(best > 0)
                writer.writerow([name, strength + 1, len(chosen), same, related, wrong])
                file.flush()
                print(name, strength + 1, int(same), int(related), wrong, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
