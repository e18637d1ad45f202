import io
from dataclasses import replace

from rich.console import Console

from brain_tumor.evaluate.tables.by_patient import patients_sentence, patients_table
from brain_tumor.metrics.patients import AnswerScores, PatientScores
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.rendering.terminal import to_rich


def one(value: float) -> Interval:
    return Interval(value, value - 0.1, value + 0.1)


def scores(value: float, accuracy: bool) -> AnswerScores:
    recalls = {"meningioma": one(value - 0.01), "notumor": one(0.9) if accuracy else None}
    return AnswerScores(one(value + 0.01) if accuracy else None, one(value), recalls)


FOUND = PatientScores(
    patients=1,
    of_several_classes=0,
    answers={"meningioma": 1, "notumor": 0},
    slices=1182,
    unknown_slices={"meningioma": 41, "notumor": 425},
    groups=1,
    present=("meningioma",),
    by_patient=scores(0.8, False),
    by_slice=scores(0.7, False),
    difference={"accuracy": None, "balanced_accuracy": one(0.1)},
)


def test_what_is_not_known_is_left_out_and_said() -> None:
    table = patients_table(FOUND, "by patient: gbmnet", 0.95)
    assert table.rows == [
        ["counted", "1", "1,182"],
        ["accuracy", "–", "–"],  # noqa: RUF001
        ["balanced accuracy", "0.800 (0.700 to 0.900)", "0.700 (0.600 to 0.800)"],
        ["recall of meningioma", "0.790 (0.690 to 0.890)", "0.690 (0.590 to 0.790)"],
        ["gain, balanced accuracy", "+0.100 (+0.000 to +0.200)", ""],
    ]
    for words in (
        *("1 patient; ", "466 slices of unknown patients are left out", "95 % intervals"),
        *("No patient of notumor is known: there is no accuracy", "recall over meningioma."),
    ):
        assert words in table.note
    assert "several classes" not in table.note


def test_where_all_is_known_there_is_an_accuracy() -> None:
    whole = replace(
        FOUND,
        patients=30,
        of_several_classes=2,
        answers={"meningioma": 20, "notumor": 12},
        unknown_slices={"meningioma": 0, "notumor": 0},
        present=("meningioma", "notumor"),
        by_patient=scores(0.8, True),
        by_slice=scores(0.7, True),
        difference={"accuracy": one(0.1), "balanced_accuracy": one(0.1)},
    )
    table = patients_table(whole, "by patient", 0.9)
    assert list(table.rows[0]) == ["counted", "32", "1,182"]
    assert [row[0] for row in table.rows][-2:] == ["gain, accuracy", "gain, balanced accuracy"]
    assert "2 patients have slices of several classes: once for each." in table.note
    assert "unknown" not in table.note and "No patient" not in table.note


def test_it_fits_a_terminal_of_eighty_columns() -> None:
    shown = io.StringIO()
    table = patients_table(FOUND, "by patient", 0.95)
    Console(file=shown, width=80).print(to_rich(table))
    for row in table.rows:
        assert any(all(cell in line for cell in row) for line in shown.getvalue().splitlines())


def test_the_card_gets_one_sentence() -> None:
    said = patients_sentence(FOUND)
    assert "(1 patient, " in said and "over meningioma; of the same 1,182 slices" in said
    assert "0.800 (0.700 to 0.900)" in said and said.endswith("0.700 (0.600 to 0.800).")
