"""Turns that need no process."""

from typing import Any


class CountedTurns:
    """Gives so many turns, and keeps what was told."""

    def __init__(self, turns: int) -> None:
        self.left = turns
        self.told: list[dict[str, Any]] = []

    def wait(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def first(self, seconds: float) -> float:
        return 1.0

    def done(self, seconds: float, scans: int | None, **extras: float) -> None:
        assert seconds > 0
        self.told.append({"scans": scans, **extras})
