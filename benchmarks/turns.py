"""What a side sees of the process that times it. The standard library alone: peers use it too."""

import json
import time
from collections.abc import Mapping
from typing import Any, TextIO


class Turns:
    """Lets a side wait for its turn and tell what it measured.

    Args:
        orders: A line comes in for every turn; its end is the end of all turns.
        replies: A line of JSON goes out for every turn.
    """

    def __init__(self, orders: TextIO, replies: TextIO) -> None:
        self._orders, self._replies = orders, replies
        self._begun = time.perf_counter()
        self._ready = self._first = 0.0

    def wait(self) -> bool:
        """Say that the side is ready, and wait for its turn; False once there are no more."""
        self._ready = self._ready or time.perf_counter() - self._begun
        self.tell({"ready": True})
        return bool(self._orders.readline())

    def done(self, seconds: float, scans: int | None, **extras: float) -> None:
        """Tell how long a turn took, how many scans it treated, and what else was measured."""
        self.tell({"seconds": seconds, "scans": scans, **extras})

    def first(self, seconds: float) -> float:
        """Give the seconds from the start of the process to the end of its first turn.

        While other sides work, the clock stands still.

        Args:
            seconds: What the turn took that ends now.
        """
        self._first = self._first or self._ready + seconds
        return self._first

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a line."""
        self._replies.write(json.dumps(message) + "\n")
        self._replies.flush()
