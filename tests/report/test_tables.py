from rich.console import Console

from brain_tumor.evaluation.scores import score
from brain_tumor.report.tables import class_table, prepared_table, split_table, unusable_note


def rendered(table: object) -> str:
    console = Console(width=100, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_class_table_shows_every_class_and_a_dash_where_undefined() -> None:
    import numpy as np

    scores = score(np.array([0, 0, 1]), np.array([0, 1, 1]), ("glioma", "notumor", "other"))
    lines = rendered(class_table(scores.to_dict(), "test")).splitlines()
    (glioma,) = [line for line in lines if "glioma" in line]
    (other,) = [line for line in lines if "other" in line]
    assert "1.0000" in glioma and "0.5000" in glioma and "2" in glioma
    assert other.count("-") == 3
    (accuracy,) = [line for line in lines if line.split()[1:2] == ["accuracy"]]
    assert "0.6667" in accuracy


def test_the_prepared_table_names_every_step() -> None:
    summary = {
        "raw": 7023,
        "unusable": 3,
        "duplicates": {"training": 215, "testing": 37, "testing_in_training": 182},
        "kept": 6589,
        "classes": {"glioma": 1620},
    }
    text = rendered(prepared_table(summary))
    for number in ("7,023", "215", "37", "182", "6,589", "1,620"):
        assert number in text


def test_the_split_table_adds_up() -> None:
    text = rendered(split_table({"train": {"a": 3, "b": 4}, "test": {"a": 1, "b": 2}}))
    assert text.splitlines()[-2].split()[1::2] == ["all", "7", "3"]


def test_left_out_files_are_counted_and_named() -> None:
    assert unusable_note([("a.png", "blank")]).splitlines() == [
        "1 file was left out, the others are used:",
        "  a.png: blank",
    ]
    many = unusable_note([(f"{i}.png", "blank") for i in range(12)]).splitlines()
    assert many[0].startswith("12 files were")
    assert len(many) == 12
    assert "2 more" in many[-1]
