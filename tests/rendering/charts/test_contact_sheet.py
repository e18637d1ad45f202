import io

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from brain_tumor.rendering.charts.contact_sheet import (
    MAX_GROUPS,
    MAX_IN_GROUP,
    contact_sheet,
    group_sheet,
)

Grey = npt.NDArray[np.uint8]


def flat(level: int, height: int = 40, width: int = 40) -> Grey:
    return np.full((height, width), level, np.uint8)


def read(png: bytes) -> Grey:
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return np.asarray(image)


def box(sheet: Grey, level: int) -> tuple[int, int, int, int]:
    """Find where a flat image lies: top, bottom, left, right, the ends exclusive."""
    # Letters are smoothed and may have any grey: an image is where a whole row of it stands.
    run = np.lib.stride_tricks.sliding_window_view(sheet == level, 20, axis=1).all(axis=2)
    rows, columns = np.nonzero(run)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 20


def shown(sheet: Grey, levels: list[int]) -> list[int]:
    return [level for level in levels if np.sum(sheet == level) > 2000]


LEVELS = list(range(40, 160, 5))


def test_scans_lie_in_a_grid_in_their_order() -> None:
    levels = LEVELS[:14]
    sheet = read(contact_sheet([flat(level) for level in levels], ["name.jpg"] * 14))
    boxes = [box(sheet, level) for level in levels]
    tops, lefts = sorted({b[0] for b in boxes}), sorted({b[2] for b in boxes})
    assert (len(tops), len(lefts)) == (3, 6)
    places = [divmod(i, 6) for i in range(14)]
    assert [(b[0], b[2]) for b in boxes] == [(tops[row], lefts[column]) for row, column in places]


def test_a_scan_is_shown_whole_whatever_its_shape() -> None:
    shapes = {50: (40, 40), 80: (300, 100), 110: (30, 90)}
    images = [flat(level, *shape) for level, shape in shapes.items()]
    sheet = read(contact_sheet(images, ["", "", ""]))
    for level, (height, width) in shapes.items():
        top, bottom, left, right = box(sheet, level)
        assert (bottom - top) / (right - left) == pytest.approx(height / width, rel=0.03)
        assert max(bottom - top, right - left) == 136


def test_no_more_scans_and_groups_are_shown_than_there_is_room_for() -> None:
    images, names = [flat(level) for level in LEVELS], ["name.jpg"] * len(LEVELS)
    sheet = read(contact_sheet(images, names, most=5))
    assert shown(sheet, LEVELS) == LEVELS[:5]
    groups = [[(flat(level), "")] for level in LEVELS]
    assert shown(read(group_sheet(groups)), LEVELS) == LEVELS[:MAX_GROUPS]
    large = [[(flat(level), "") for level in LEVELS]]
    assert shown(read(group_sheet(large)), LEVELS) == LEVELS[:MAX_IN_GROUP]


def test_a_frame_says_how_many_of_its_group_are_left_out() -> None:
    group = [(flat(level), "") for level in LEVELS[: MAX_IN_GROUP + 1]]
    full, cut = read(group_sheet([group[:-1]])), read(group_sheet([group]))
    # Without captions, only these words are dark.
    assert np.sum(full < 40) == 0
    assert np.sum(cut[box(cut, LEVELS[MAX_IN_GROUP - 1])[1] :] < 40) > 0


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
@example("Training/meningioma/" + "very_long_name_" * 12 + ".jpg\n512 x 512")
@example("W" * 200)
@example("﷽" * 3)  # one letter as wide as twenty
def test_a_caption_stays_below_its_own_scan(caption: str) -> None:
    sheet = read(contact_sheet([flat(100)] * 2, [caption, ""]))
    plain = read(contact_sheet([flat(100)] * 2, ["", ""]))
    # At most three lines of 14 pixels; nothing left of the first scan or under the second.
    assert sheet.shape[0] - plain.shape[0] <= 3 * 14
    assert sheet.shape[1] == plain.shape[1]
    _, bottom, _, _ = box(sheet[:, : sheet.shape[1] // 2], 100)
    ground = plain[0, 0]
    below = sheet[bottom:]
    assert (below[:, :4] == ground).all()
    assert (below[:, sheet.shape[1] // 2 + 4 :] == ground).all()


def test_a_caption_keeps_its_lines_and_both_ends_of_a_long_name() -> None:
    def words(caption: str) -> Grey:
        sheet = read(contact_sheet([flat(100)], [caption]))
        return sheet[box(sheet, 100)[1] :]

    assert words("a\nb\nc").shape[0] == words("a").shape[0] + 2 * 14
    # Names that differ only in the middle look the same when it is left out; others do not.
    start, end = "Training/glioma/scan", "0001.jpg\n512 x 512"
    one, other = (f"{start}{letter * 150}{end}" for letter in "xy")
    np.testing.assert_array_equal(words(one)[:14], words(other)[:14])
    np.testing.assert_array_equal(words(one)[-17:], words(other)[-17:])
    assert not np.array_equal(words(one), words(one.replace("Training", "Testing")))
    assert not np.array_equal(words(one), words(one.replace("0001.jpg", "0002.jpg")))


def test_a_frame_holds_one_group_and_all_of_it() -> None:
    groups = [LEVELS[:2], LEVELS[2:5], LEVELS[5:9], LEVELS[9:18]]
    sheet = read(group_sheet([[(flat(level), "") for level in group] for group in groups]))
    ground = sheet[0, 0]
    # A frame is what the ground of the sheet surrounds.
    inside = (sheet != ground).astype(np.uint8)
    frames = []
    for group in groups:
        rows, columns = zip(*(box(sheet, level)[::2] for level in group), strict=True)
        frames.append((min(rows), max(rows), min(columns), max(columns)))
    for group, (top, bottom, left, right) in zip(groups, frames, strict=True):
        boxes = [box(sheet, level) for level in group]
        low = max(b[1] for b in boxes)
        far = max(b[3] for b in boxes)
        assert inside[top:low, left:far].all()
        assert (bottom > top) == (len(group) > 6)
        assert right > left
    # Between the first two, which share a line, there is ground; the third begins a line.
    (top, _, _, _), (other, _, left, _) = frames[:2]
    assert top == other
    gap = sheet[top + 10, box(sheet, groups[0][-1])[3] : left]
    assert ground in gap
    assert frames[2][0] > top
