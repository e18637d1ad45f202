import threading

import cv2
import pytest

from brain_tumor.files.parallel import each


@pytest.mark.parametrize("number", [0, 1, 15, 16, 17, 256, 1000])
def test_every_result_comes_once_and_in_order(number: int) -> None:
    assert list(each(lambda value: value * value, range(number))) == [i * i for i in range(number)]


def test_few_are_begun_ahead_of_the_one_that_is_taken() -> None:
    begun = []
    results = each(lambda value: begun.append(value) or value, range(5000))
    assert next(results) == 0
    assert len(begun) <= 300
    results.close()
    assert len(begun) <= 300


def test_an_error_comes_out_where_its_scan_would() -> None:
    results = each(lambda value: 1 // (20 - value), range(100))
    assert [next(results) for _ in range(16)] == [0] * 16
    with pytest.raises(ZeroDivisionError):
        list(results)


def test_opencv_has_one_thread_meanwhile_and_all_afterwards() -> None:
    before = cv2.getNumThreads()
    seen = set(each(lambda _: (cv2.getNumThreads(), threading.get_ident()), range(200)))
    assert {threads for threads, _ in seen} == {1}
    assert threading.get_ident() not in {thread for _, thread in seen}
    assert cv2.getNumThreads() == before
