"""Find scans that show the same slice, and scans so alike that they may, whatever their contrast.

Two notions, each with its own threshold on one measure, the `registration.similarities` of two
scans in the best of the eight orientations of a square:

- *same slice*: what an audit lists as near-duplicates;
- *related*: what no split may put on two sides. The same slice is related, and so are many
  neighbouring slices of one head, and of one slice taken by two sequences (T2, FLAIR), where the
  whole frames tell what the structure alone leaves open.

Not every pair is laid on each other: `candidates` tells which are worth it, by their whole frames
and by their heads alone. How many that misses is measured in `experiments/near_duplicates`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from brain_tumor.data.groups.candidates import Candidates, describe, find_candidates, whiten
from brain_tumor.data.groups.connected import Ids, connected
from brain_tumor.data.groups.head_box import HeadBox, find_head_box, view_head
from brain_tumor.data.groups.local_structure import Floats, Steps, local_structure, orient_structure
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.groups.registration import similarities
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.files.parallel import each
from brain_tumor.files.scans import Grey

# Least cosines of descriptors that make a pair a candidate: lower ones find hardly more, and cost
# more (`experiments/near_duplicates`).
_LEAST_HEADS, _LEAST_FRAMES = 0.45, 0.5
_BATCH = 64  # pairs laid on each other at once: their pixels fit a processor's cache
_NAMES = tuple(ORIENTATIONS)


@dataclass(frozen=True)
class _Scans:
    """Thumbnails with what is compared of them: boxes, and the structure of heads, int8."""

    frames: Grey
    boxes: Sequence[HeadBox]
    heads: Steps


def find_near_duplicates(
    frames: Grey,
    settings: NearDuplicateSettings,
    progress: Callable[[int, int], None] | None = None,
    known: int = 0,
) -> list[Pair]:
    """Find all pairs of related scans.

    Args:
        frames: Thumbnails of whole frames, `(N, 96, 96)`, uint8, 0-255. A blank one is like none.
        settings: Thresholds.
        progress: Called with steps done and steps in all, a hundred of them.
        known: How many scans, the first ones, were compared with each other before: they are
            compared with the others alone.

    Returns:
        The pairs, by their first and then their second scan.
    """
    steps = _Steps(progress)
    scans, heads, whole_frames = _describe(frames, steps)
    by_heads = _gather(find_candidates(whiten(heads), _LEAST_HEADS, known), steps, 20, 30)
    by_frames = _gather(find_candidates(whiten(whole_frames), _LEAST_FRAMES, known), steps, 30, 40)
    least = settings.related_if_frames_agree
    own = _similarities(scans, by_heads, _through_own_boxes, steps, 40, 70)
    alike = _pairs(frames, by_heads, own, least)
    found = {(pair.first, pair.second) for pair in alike}
    ends = zip(by_frames.first.tolist(), by_frames.second.tolist(), strict=True)
    left = by_frames.taking(np.array([pair not in found for pair in ends], bool))
    # A box that took in the background has the outline of the head inside, where all are alike: it
    # takes a pair that is alike through both boxes.
    larger = _similarities(scans, left, partial(_through_one_box, larger=True), steps, 70, 95)
    left, larger = left.taking(larger >= least), larger[larger >= least]
    smaller = _similarities(scans, left, partial(_through_one_box, larger=False), steps, 95, 100)
    alike += _pairs(frames, left, np.minimum(larger, smaller), least)
    steps.reach(100)
    related = [
        pair
        for pair in alike
        if pair.similarity >= settings.related or pair.frame_correlation >= settings.frames_agree
    ]
    return sorted(related, key=lambda pair: (pair.first, pair.second))


def correlate(one: Grey, other: Grey) -> float:
    """Give the normalised correlation of two pictures of one shape, -1 to 1; 0 if one is blank."""
    a, b = (picture.astype(np.float64) - picture.mean() for picture in (one, other))
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))


def cluster(pairs: Sequence[Pair], scans: int) -> Ids:
    """Join scans that pairs join, directly or through others, to clusters (`connected`)."""
    return connected([(pair.first, pair.second) for pair in pairs], scans)


class _Steps:
    """Tells of a hundred steps, each once."""

    def __init__(self, callback: Callable[[int, int], None] | None) -> None:
        self._shown, self._done = callback, 0

    def reach(self, step: float) -> None:
        if int(step) > self._done and self._shown is not None:
            self._done = int(step)
            self._shown(self._done, 100)


def _describe(frames: Grey, steps: _Steps) -> tuple[_Scans, Floats, Floats]:
    """Give what is compared of all thumbnails, and the descriptors of heads and frames."""

    def describe_one(place: int) -> tuple[HeadBox, Steps, Floats, Floats]:
        frame = np.asarray(frames[place])
        box = find_head_box(frame)
        head = local_structure(view_head(frame, box))
        return box, head, describe(head), describe(local_structure(frame))

    side = frames.shape[-1]
    structure = np.empty((len(frames), 2, side, side), np.int8)
    boxes, heads, whole_frames = [], [], []
    for place, (box, head, *both) in enumerate(each(describe_one, range(len(frames)))):
        boxes.append(box)
        structure[place] = head
        heads.append(both[0])
        whole_frames.append(both[1])
        steps.reach(20 * (place + 1) / len(frames))
    return _Scans(frames, boxes, structure), np.stack(heads), np.stack(whole_frames)


def _gather(
    blocks: Iterator[tuple[int, int, Candidates]], steps: _Steps, begin: float, end: float
) -> Candidates:
    parts = []
    for done, total, part in blocks:
        parts.append(part)
        steps.reach(begin + (end - begin) * done / total)
    fields = ("first", "second", "orientation")
    return Candidates(*(np.concatenate([getattr(p, name) for p in parts]) for name in fields))


_Views = Callable[[_Scans, int, int, int], tuple[Steps, Steps]]


def _similarities(
    scans: _Scans, candidates: Candidates, views: _Views, steps: _Steps, begin: float, end: float
) -> Floats:
    """Lay the scans of each candidate on each other; `(P,)`, float32."""
    triples = list(
        zip(
            candidates.first.tolist(),
            candidates.second.tolist(),
            candidates.orientation.tolist(),
            strict=True,
        )
    )
    batches = [triples[start : start + _BATCH] for start in range(0, len(triples), _BATCH)]

    def compare(batch: list[tuple[int, int, int]]) -> Floats:
        first, second = zip(*(views(scans, *triple) for triple in batch), strict=True)
        return similarities(first, second)

    values = [np.zeros(0, np.float32)]
    for done, some in enumerate(each(compare, batches), 1):
        values.append(some)
        steps.reach(begin + (end - begin) * done / len(batches))
    return np.concatenate(values)


def _pairs(frames: Grey, candidates: Candidates, values: Floats, least: float) -> list[Pair]:
    pairs = []
    for place in np.flatnonzero(values >= least):
        first, second = int(candidates.first[place]), int(candidates.second[place])
        name = _NAMES[candidates.orientation[place]]
        agreement = correlate(frames[first], orient(np.asarray(frames[second]), name))
        similarity = float(values[place])
        pairs.append(Pair(first, second, name, round(similarity, 4), round(agreement, 4)))
    return pairs


def _through_own_boxes(scans: _Scans, first: int, second: int, turn: int) -> tuple[Steps, Steps]:
    return scans.heads[first], orient_structure(scans.heads[second], _NAMES[turn])


def _through_one_box(
    scans: _Scans, first: int, second: int, turn: int, larger: bool
) -> tuple[Steps, Steps]:
    name = _NAMES[turn]
    own, other = scans.boxes[first], scans.boxes[second].oriented(name)
    if (own.area >= other.area) == larger:
        turned = np.ascontiguousarray(orient(np.asarray(scans.frames[second]), name))
        return scans.heads[first], local_structure(view_head(turned, own))
    frame = np.asarray(scans.frames[first])
    return local_structure(view_head(frame, other)), orient_structure(scans.heads[second], name)
