import cv2
import numpy as np
import pytest

from brain_tumor.data.groups.head_box import HeadBox, find_head_box, view_head
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient


def head(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    scan = np.zeros((96, 96), np.uint8)
    centre, axes = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
    cv2.ellipse(scan, (centre, axes, 0), 150, -1)
    cv2.circle(scan, (int(centre[0]) + 6, int(centre[1])), 7, 90, -1)
    return scan


def ends(box: HeadBox) -> np.ndarray:
    return np.array([box.left, box.top, box.left + box.width, box.top + box.height])


def test_the_box_holds_the_head_with_a_margin() -> None:
    found = ends(find_head_box(head(20, 12, 70, 84))) * 96
    wanted = np.array([20 - 3, 12 - 4, 70 + 3, 84 + 4])
    np.testing.assert_allclose(found, wanted, atol=4)


@pytest.mark.parametrize("change", [lambda s: 255 - s, lambda s: s // 4 + 3, lambda s: s])
def test_contrast_does_not_move_it(change: object) -> None:
    scan = head(20, 12, 70, 84)
    assert np.abs(ends(find_head_box(scan)) - ends(find_head_box(change(scan)))).max() < 0.01


def test_a_line_and_letters_beside_the_head_do_not_move_it() -> None:
    scan = head(30, 12, 70, 84)
    marked = scan.copy()
    marked[:, :1] = 255
    cv2.putText(marked, "R", (82, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1)
    assert np.abs(ends(find_head_box(scan)) - ends(find_head_box(marked))).max() < 0.01


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_the_box_of_a_turned_scan_is_the_turned_box(name: str) -> None:
    scan = head(20, 12, 60, 84)
    turned = find_head_box(np.ascontiguousarray(orient(scan, name)))
    np.testing.assert_allclose(ends(find_head_box(scan).oriented(name)), ends(turned), atol=0.005)


@pytest.mark.parametrize("value", [0, 200])
def test_a_blank_frame_is_its_own_box(value: int) -> None:
    blank = np.full((96, 96), value, np.uint8)
    assert find_head_box(blank) == HeadBox(0, 0, 1, 1)
    np.testing.assert_array_equal(view_head(blank, HeadBox(0, 0, 1, 1)), blank)


def test_heads_of_other_places_and_sizes_look_alike_through_their_boxes() -> None:
    one, other = head(10, 10, 80, 90), head(30, 22, 65, 62)
    views = [view_head(scan, find_head_box(scan)).astype(float).ravel() for scan in (one, other)]
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.7
    assert np.corrcoef(*views)[0, 1] > 0.85
