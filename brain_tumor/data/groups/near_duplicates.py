"""Find scans that show the same slice, and scans so alike that they may, whatever their contrast.

Two notions, each with its own threshold on one measure, the `registration.similarities` of two
scans in the best of the eight orientations of a square:

- *same slice*: what an audit lists as near-duplicates;
- *related*: what no split may put on two sides. The same slice is related, and so are many
  neighbouring slices of one head, and of one slice taken by two sequences (T2, FLAIR), where the
  whole frames tell what the structure alone leaves open.

Not every pair is laid on each other: `candidates` tells which are worth it, by their whole frames
and by their heads alone. Where neither the frames nor the descriptors agree well, edges must agree
a little already as they lie. How many all of this misses is measured in
`experiments/near_duplicates`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups.candidates import Candidates, describe, find_candidates, whiten
from brain_tumor.data.groups.connected import Ids, connected
from brain_tumor.data.groups.head_box import HeadBox, find_head_box, view_head
from brain_tumor.data.groups.local_structure import Floats, Steps, local_structure, orient_structure
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.groups.registration import similarities, unmoved_similarities
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.files.parallel import each
from brain_tumor.files.scans import Grey

# Least cosines of descriptors that make a pair a candidate: lower ones find hardly more, and cost
# more (`experiments/near_duplicates`).
_LEAST_HEADS, _LEAST_FRAMES = 0.45, 0.5
# Of candidates whose frames do not agree, those are laid on each other whose descriptors reach a
# higher cosine, or that are so similar as they lie. That leaves out most, and 4 of 21,000 altered
# copies.
_CLEAR_HEADS, _CLEAR_FRAMES, _LEAST_UNMOVED = 0.5, 0.65, 0.3
_BATCH = 64  # pairs laid on each other at once: their pixels fit a processor's cache
_NAMES = tuple(ORIENTATIONS)


@dataclass(frozen=True)
class _Scans:
    """Thumbnails with what is compared of them: boxes, and the structure of heads, int8."""

    frames: Grey
    boxes: Sequence[HeadBox]
    heads: Steps


@dataclass(frozen=True)
class _Compared:
    """Candidates, how alike they are, and how well their whole frames agree; `(P,)` each."""

    candidates: Candidates
    similarity: Floats
    agreement: Floats

    def taking(self, which: npt.NDArray[np.bool_]) -> "_Compared":
        return _Compared(
            self.candidates.taking(which), self.similarity[which], self.agreement[which]
        )

    def related(self, settings: NearDuplicateSettings) -> "_Compared":
        agree = self.agreement >= settings.frames_agree
        least = np.where(agree, settings.related_if_frames_agree, settings.related)
        return self.taking(self.similarity >= least)

    def pairs(self) -> list[Pair]:
        first, second, turn = (
            one.tolist()
            for one in (
                self.candidates.first,
                self.candidates.second,
                self.candidates.orientation,
            )
        )
        names = [_NAMES[one] for one in turn]
        values = [
            [round(one, 4) for one in many.tolist()] for many in (self.similarity, self.agreement)
        ]
        return [Pair(*one) for one in zip(first, second, names, *values, strict=True)]


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
    compare = partial(_compare, scans, settings, steps)
    own = compare(by_heads, _CLEAR_HEADS, _through_own_boxes, 40, 70)
    alike = own.taking(own.similarity >= settings.related_if_frames_agree).candidates
    found = set(zip(alike.first.tolist(), alike.second.tolist(), strict=True))
    ends = zip(by_frames.first.tolist(), by_frames.second.tolist(), strict=True)
    left = by_frames.taking(np.array([pair not in found for pair in ends], bool))
    # A box that took in the background has the outline of the head inside, where all are alike: it
    # takes a pair that is alike through both boxes.
    through_larger = partial(_through_one_box, larger=True)
    larger = compare(left, _CLEAR_FRAMES, through_larger, 70, 95).related(settings)
    through_smaller = partial(_through_one_box, larger=False)
    smaller = compare(larger.candidates, _LEAST_FRAMES, through_smaller, 95, 100)
    both = replace(larger, similarity=np.minimum(larger.similarity, smaller.similarity))
    steps.reach(100)
    related = own.related(settings).pairs() + both.related(settings).pairs()
    return sorted(related, key=lambda pair: (pair.first, pair.second))


def correlate(one: Grey, other: Grey) -> Floats:
    """Give the normalised correlation of pairs of pictures.

    Both are `(P, S, S)`, uint8.

    Returns:
        `(P,)`, float32, -1 to 1; 0 where one is blank.
    """
    a, b = (pictures.reshape(len(pictures), -1).astype(np.float32) for pictures in (one, other))
    a -= a.mean(axis=1, keepdims=True)
    b -= b.mean(axis=1, keepdims=True)
    sums, squares, others = (np.einsum("pn,pn->p", *two) for two in ((a, b), (a, a), (b, b)))
    return np.asarray(sums / np.maximum(np.sqrt(squares * others), 1e-6), np.float32)


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
    fields = ("first", "second", "orientation", "cosine")
    return Candidates(*(np.concatenate([getattr(p, name) for p in parts]) for name in fields))


_Views = Callable[[_Scans, int, int, int], tuple[Steps, Steps]]


def _compare(
    scans: _Scans,
    settings: NearDuplicateSettings,
    steps: _Steps,
    candidates: Candidates,
    clear: float,
    views: _Views,
    begin: float,
    end: float,
) -> _Compared:
    """Compare the scans of each candidate: their frames, and their views laid on each other."""
    places = np.arange(len(candidates.first))
    batches = [places[start : start + _BATCH] for start in range(0, len(places), _BATCH)]

    def compare(batch: Ids) -> tuple[Floats, Floats]:
        fields = candidates.first, candidates.second, candidates.orientation
        triples = list(zip(*(field[batch].tolist() for field in fields), strict=True))
        agreement = correlate(
            np.stack([scans.frames[first] for first, _, _ in triples]),
            np.stack([orient(scans.frames[second], _NAMES[turn]) for _, second, turn in triples]),
        )
        first, second = (
            np.stack(part)
            for part in zip(*(views(scans, *triple) for triple in triples), strict=True)
        )
        found = unmoved_similarities(first, second)
        agree = (agreement >= settings.frames_agree) | (candidates.cosine[batch] >= clear)
        worth = np.flatnonzero(agree | (found >= _LEAST_UNMOVED))
        if len(worth):
            found[worth] = similarities(first[worth], second[worth])
        return found, agreement

    values = [(np.zeros(0, np.float32),) * 2]
    for done, some in enumerate(each(compare, batches), 1):
        values.append(some)
        steps.reach(begin + (end - begin) * done / len(batches))
    similarity, agreement = (np.concatenate(part) for part in zip(*values, strict=True))
    return _Compared(candidates, similarity, agreement)


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
