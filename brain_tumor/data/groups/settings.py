"""What makes two scans the same slice, and what makes them related.

Apart from the search, so that a configuration is read without OpenCV.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from brain_tumor.errors import ConfigError
from brain_tumor.settings import Range, Settings

BEFORE = {"frame", "head"}  # the settings of versions 0.4 to 0.6

# Below, pairs of different heads by the thousand would count; above, rounding decides.
Similarity = Annotated[float, Range(0.4, 0.9999)]


@dataclass(frozen=True)
class NearDuplicateSettings(Settings, key="data.near_duplicates"):
    """What makes two scans the same slice, and what makes them related.

    How each was found, and how often it errs, stands in `experiments/near_duplicates`. The first
    three are least similarities, none above the one before it.
    """

    same_slice: Similarity = 0.82
    related: Similarity = 0.68
    # Of scans whose frames agree, as those of one head in another sequence do.
    related_if_frames_agree: Similarity = 0.5
    frames_agree: Similarity = 0.88  # least normalised correlation of two whole frames

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "NearDuplicateSettings":
        """Read settings that a run or a prepared set noted, of whatever version.

        Until 0.6 grey values were correlated, of frames and heads: those thresholds mean nothing
        here, so what is usual now stands in for them.
        """
        return cls() if set(values) == BEFORE else cls(**values)

    def __post_init__(self) -> None:
        super().__post_init__()
        falling = ("same_slice", "related", "related_if_frames_agree")
        for higher, lower in pairwise(falling):
            if getattr(self, lower) > getattr(self, higher):
                raise ConfigError(
                    f"data.near_duplicates.{lower} must be at most {higher}, "
                    f"{getattr(self, higher)}: {getattr(self, lower)}"
                )
