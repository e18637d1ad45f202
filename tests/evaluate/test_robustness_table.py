import json
from pathlib import Path

import numpy as np
import pytest

from brain_tumor.data.transforms.corruptions import CORRUPTIONS
from brain_tumor.evaluate.robustness import robustness_table
from brain_tumor.metrics.robustness import CorruptionScores, Robustness
from brain_tumor.metrics.uncertainty.bootstrap import Interval, Resampling
from brain_tumor.rendering.page import to_markdown
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.robustness import RobustnessResult, robustness_file
from experiments.findings import HERE

TRIALS = HERE / "best_patient" / "trials"


@pytest.fixture
def result() -> RobustnessResult:
    def interval(value: float) -> Interval:
        return Interval(value, value - 0.02, value + 0.02)

    falls = {name: 0.02 + 0.01 * place for place, name in enumerate(CORRUPTIONS)}
    scores = {name: tuple(0.9 - fall * k for k in range(1, 6)) for name, fall in falls.items()}
    found = Robustness(
        scans=1648,
        groups=512,
        clean_accuracy=0.91,
        clean=interval(0.9),
        by_strength=tuple(np.mean(list(scores.values()), axis=0).tolist()),
        mean=interval(0.6),
        lost=interval(0.3),
        corruptions={
            name: CorruptionScores(own, own, interval(float(np.mean(own))))
            for name, own in scores.items()
        },
    )
    return RobustnessResult("best.ckpt", "test", Resampling(100, 0.95, 0), found, {})


def test_the_table_has_a_row_for_each_and_one_for_all(result: RobustnessResult) -> None:
    table = robustness_table(result, "robustness: gbmnet")
    assert list(table.columns) == ["corruption", "clean", "1", "2", "3", "4", "5", "mean"]
    assert [row[0] for row in table.rows] == [*CORRUPTIONS, "all"]
    assert table.rows[0][1:4] == ["0.900", "0.880", "0.860"]
    assert table.rows[-1][1] == "0.900 (0.880 to 0.920)"
    assert table.rows[-1][-1] == "0.600 (0.580 to 0.620)"
    assert "Lost on average: 0.300 (0.280 to 0.320)" in to_markdown(table)


def test_a_file_of_0_6_is_read(tmp_path: Path) -> None:
    kept = sorted(TRIALS.glob("*/robustness_validation.json"))
    assert kept
    for place in kept:
        plain = json.loads(place.read_text())
        found = robustness_file("validation").read(RunFolder(place.parent))
        assert vars(found.scores.mean) == plain["mean"]
        assert found.scores.clean_accuracy == plain["clean"]["accuracy"]
        own = plain["corruptions"]["blur"]
        assert list(found.scores.corruptions["blur"].accuracy) == own["accuracy"]
        assert {k: list(v) for k, v in found.values["blur"].items()} == own["values"]
        robustness_file("validation").write(RunFolder(tmp_path), found)
        assert robustness_file("validation").read(RunFolder(tmp_path)) == found
