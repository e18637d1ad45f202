from sample_comparison import comparison, setting

from brain_tumor.compare.page.pairs_table import pairs_tables
from brain_tumor.compare.paired_tests import CorrectedMcNemar, PairedTest
from brain_tumor.metrics.uncertainty.bootstrap import Interval


def test_pairs_tell_sign_size_and_chance() -> None:
    found = dict.fromkeys(
        ("accuracy", "balanced_accuracy", "macro_f1"), Interval(-0.0104, -0.03, 0.0096)
    )
    mcnemar = CorrectedMcNemar(12, 3, 0.03516, 0.14064)
    pairs = PairedTest(1, 2, 9, 3, mcnemar, found), PairedTest(1, 2, 9, 3, None, found)
    (table,) = pairs_tables(comparison(setting(), setting(), pairs=pairs))
    one, two = table.rows
    assert list(one[:3]) == [
        *("1: gbmnet, patient split", "2: gbmnet, patient split", "-0.010 (-0.030 to +0.010)")
    ]
    assert list(one[-4:]) == ["12", "3", "0.035", "0.14"]
    assert list(two[-4:]) == ["–"] * 4  # noqa: RUF001


def test_without_pairs_there_is_no_table() -> None:
    assert pairs_tables(comparison(setting())) == []
