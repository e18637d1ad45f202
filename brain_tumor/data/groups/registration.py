"""How alike two pictures are once one is laid on the other, whatever their contrast.

The second picture's local structure is moved, scaled and turned a little until it fits the
first's: parts of the one are sought in the other, and an affine map is fitted to where they were
found, first coarsely, then finely. What is left is one number, the correlation of the two inside
the head, where slices differ; the outline is much the same for all.
"""

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups.local_structure import Floats, Steps

_PARTS = 8  # per axis: an affine map is fitted to 64 of them
# Weights of the parts around one, per axis, when it is sought: alone it would fit in many places.
_AROUND = np.array([1, 2, 3, 2, 1], np.float32) / 9
_COARSE, _REACH = 3, 3  # pixels pooled to one, and how many of these a part may be away: 9 of 96
_FINE, _REFINED = 2, 1  # likewise, in the second round: 2 of 96
_INSIDE = slice(19, 77)  # of 96 pixels: 0.6 of the head's sides
# Similarities that need no second round, which hardly adds 0.1; from the higher one on pictures are
# one slice, and need none at all.
_HOPELESS, _CERTAIN = 0.4, 0.9
_STIFF = 1e-3  # keeps the map near a shift where parts say little

Maps = npt.NDArray[np.float64]  # `(P, 2, 3)`: rows across and down; columns of x, y, 1


def unmoved_similarities(first: Steps, second: Steps) -> Floats:
    """Tell how alike the pictures of each pair are inside, as they lie.

    From the `local_structure` of both, `(P, 2, 96, 96)`, int8, the second already in the
    orientation of the first, to the normalised correlation inside the head, `(P,)`, float32, -1
    to 1.
    """
    return _correlate(first, second)


def similarities(first: Steps, second: Steps) -> Floats:
    """Lay the second picture of each pair on the first, and tell how alike they are inside.

    Arguments and values are those of `unmoved_similarities`; a pair's does not depend on the
    others.
    """
    # Row by row in memory, which a stack of transposed pictures is not.
    fixed, moving = (np.ascontiguousarray(one, np.float32) for one in (first, second))
    found = _correlate(fixed, moving)
    left = np.flatnonzero(found < _CERTAIN)
    moved, transforms = moving[left], np.tile(np.eye(2, 3), (len(left), 1, 1))
    for pooled, reach in ((_COARSE, _REACH), (_FINE, _REFINED)):
        if not len(left):
            break
        transforms = _fit(fixed[left], moved, pooled, reach, transforms)
        moved = _move(moving[left], transforms)
        found[left] = np.maximum(found[left], _correlate(fixed[left], moved))
        again = (found[left] >= _HOPELESS) & (found[left] < _CERTAIN)
        left, moved, transforms = left[again], moved[again], transforms[again]
    return found


def _correlate(fixed: Steps | Floats, moved: Steps | Floats) -> Floats:
    one, other = (
        np.asarray(part[..., _INSIDE, _INSIDE], np.float32).reshape(len(part), -1)
        for part in (fixed, moved)
    )
    sums = np.einsum("pn,pn->p", one, other)
    squares = np.einsum("pn,pn->p", one, one) * np.einsum("pn,pn->p", other, other)
    return np.asarray(sums / np.sqrt(squares + 1), np.float32)


def _move(moving: Floats, transforms: Maps) -> Floats:
    side = moving.shape[-1]
    middle = (side - 1) / 2
    moved = np.empty_like(moving)
    for into, picture, plan in zip(moved, moving, transforms, strict=True):
        back = plan.copy()
        back[:, 2] = plan[:, 2] + middle - plan[:, :2] @ (middle, middle)
        for channel, part in zip(into, picture, strict=True):
            how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            cv2.warpAffine(part, back, (side, side), dst=channel, flags=how)
    return moved


def _fit(fixed: Floats, moved: Floats, pooled: int, reach: int, transforms: Maps) -> Maps:
    """Improve maps, about the middle of the picture in its pixels; `moved` was moved by them.

    `pooled` pixels per axis become one; a part may be `reach` of these away.
    """
    one, other = _pool(fixed, pooled), _pool(moved, pooled)
    side = one.shape[-1]
    padded = np.pad(other, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    steps = range(2 * reach + 1)
    products = np.empty((len(one), len(steps), len(steps), side, side), np.float32)
    for down in steps:
        for across in steps:
            into = products[:, down, across]
            there = padded[..., down : down + side, across : across + side]
            np.multiply(one[:, 0], there[:, 0], out=into)
            into += one[:, 1] * there[:, 1]
    spread = _spread(side)
    # The same sums for every place of the window, by matrices that are zero outside of it.
    windows = np.stack([np.pad(spread, ((0, 0), (step, 2 * reach - step))) for step in steps])
    energy = np.square(padded).sum(axis=1)[:, None, None]
    energies = windows[:, None] @ energy @ windows.swapaxes(1, 2)[None, :]
    own = spread @ np.square(one).sum(axis=1) @ spread.T
    sums = np.swapaxes(products @ spread.T, -1, -2) @ spread.T
    faint = 1e-3 * own.max(axis=(1, 2)) ** 2 + 1e-6
    squares = own[:, None, None] * energies + faint[:, None, None, None, None]
    alike = sums.swapaxes(-1, -2) / np.sqrt(squares)
    found_across, found_down, peak = _peaks(np.asarray(alike, np.float32), reach)
    change = _affine(found_across * pooled, found_down * pooled, peak, own, side * pooled)
    return _after(transforms, change)


def _pool(structure: Floats, pooled: int) -> Floats:
    *most, height, width = structure.shape
    matrix = np.repeat(np.eye(width // pooled, dtype=np.float32), pooled, axis=0)
    rows = (structure.reshape(-1, width) @ matrix).reshape(*most, height // pooled, pooled, -1)
    return np.asarray(rows.sum(axis=-2) / (127 * pooled * pooled), np.float32)


def _spread(side: int) -> Floats:
    """Weights of the pixels of an axis in each of `_PARTS` parts, those around it included."""
    reach = len(_AROUND) // 2
    parts = sum(
        weight * np.eye(_PARTS, k=offset, dtype=np.float32)
        for offset, weight in enumerate(_AROUND, -reach)
    )
    return np.repeat(np.asarray(parts), side // _PARTS, axis=1)


def _peaks(alike: Floats, reach: int) -> tuple[Floats, Floats, Floats]:
    """Find where each part fits best, to a fraction of a step; `(P, parts)` each."""
    number, steps = alike.shape[0], alike.shape[1]
    flat = alike.reshape(number, steps * steps, -1)
    best = flat.argmax(axis=1)
    down, across = np.divmod(best, steps)
    pair, part = np.indices(best.shape)
    grid = alike.reshape(number, steps, steps, -1)

    def between(before: Floats, at: Floats, after: Floats) -> Floats:
        bend = np.minimum(before - 2 * at + after, -1e-6)  # of a parabola through three values
        return np.asarray(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))

    peak = grid[pair, down, across, part]
    finer = []
    for place, (step_down, step_across) in ((down, (1, 0)), (across, (0, 1))):
        inner = (place > 0) & (place < steps - 1)
        before, after = (
            grid[
                pair,
                np.clip(down + way * step_down, 0, steps - 1),
                np.clip(across + way * step_across, 0, steps - 1),
                part,
            ]
            for way in (-1, 1)
        )
        offset = between(before, peak, after)
        finer.append((place - reach + np.where(inner, offset, 0)).astype(np.float32))
    return finer[1], finer[0], np.maximum(peak, 0)


def _affine(across: Floats, down: Floats, peak: Floats, own: Floats, side: int) -> Maps:
    """Fit maps to where parts were found, parts that fit well and say much counting most."""
    length = side / _PARTS
    centres = (np.arange(_PARTS) + 0.5) * length - side / 2
    y, x = (axis.ravel() for axis in np.meshgrid(centres, centres, indexing="ij"))
    places = np.stack([x, y, np.ones_like(x)], axis=1)
    found = np.stack([across, down], axis=2).astype(np.float64)
    certain = (peak**4 * own.reshape(len(own), -1)).astype(np.float64) + 1e-9
    weights = certain
    for _ in range(3):  # parts that lie far from the map of the others lose their weight
        weighted = weights[:, :, None] * places
        normal = np.einsum("pki,kj->pij", weighted, places)
        total = weights.sum(axis=1)[:, None, None]
        normal += total * np.diag([_STIFF * side**2 / 12] * 2 + [1e-6])
        solved = np.linalg.solve(normal, np.einsum("pki,pkj->pij", weighted, found))
        away = np.linalg.norm(places @ solved - found, axis=2) / length
        weights = certain / (1 + (6 * away) ** 2)
    transforms = solved.swapaxes(1, 2)
    transforms[:, :, :2] += np.eye(2)
    return np.asarray(transforms)


def _after(transforms: Maps, change: Maps) -> Maps:
    """Give the map that looks up through `change`, then through `transforms`."""
    joined = transforms[:, :, :2] @ change
    joined[:, :, 2] += transforms[:, :, 2]
    return np.asarray(joined)
