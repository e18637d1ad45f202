"""Do the same to many scans, on every core, in their order."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2
from threadpoolctl import threadpool_limits

from brain_tumor.files.silence import silent

S = TypeVar("S")
T = TypeVar("T")

_BATCH = 16  # scans per task: handing over one at a time costs as much as a small scan
_AHEAD = 16  # batches begun before the first of them is taken: bounds the memory they take


def each(function: Callable[[S], T], scans: Sequence[S]) -> Iterator[T]:
    """Give `function` of every scan, in order, computed by a thread per core.

    Threads suffice: OpenCV, NumPy, hashing and reading all release Python's lock. So that cores
    have one thread each, OpenCV and BLAS use none of their own meanwhile. What libraries
    print about a file is held back (`silence.silent`).
    """

    def batch(start: int) -> list[T]:
        with silent():
            return [function(scan) for scan in scans[start : start + _BATCH]]

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            begun: deque[Future[list[T]]] = deque()
            for start in range(0, len(scans), _BATCH):
                begun.append(pool.submit(batch, start))
                if len(begun) == _AHEAD:
                    yield from begun.popleft().result()
            while begun:
                yield from begun.popleft().result()
    finally:
        cv2.setNumThreads(threads)
