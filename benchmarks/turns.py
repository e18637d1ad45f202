"""What a side sees of the process that times it. The standard library alone: peers use it too."""

import json
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

    def wait(self) -> bool:
        """Say that the side is ready, and wait for its turn; False once there are no more."""
        self.tell({"ready": True})
        return bool(self._orders.readline())

    def done(self, seconds: float, scans: int | None, **extras: float) -> None:
        """Tell how long a turn took, how many scans it treated, and what else was measured."""
        self.tell({"seconds": seconds, "scans": scans, **extras})

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a line."""
        self._replies.write(json.dumps(message) + "\n")
        self._replies.flush()
