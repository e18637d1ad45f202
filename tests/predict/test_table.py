from brain_tumor.predict.predictions import Prediction
from brain_tumor.predict.table import predictions_summary, predictions_table
from brain_tumor.rendering.page import to_markdown


def test_every_row_has_its_warnings() -> None:
    rows = [
        Prediction("in/a.png", "glioma", {"glioma": 0.98765}, True, 1.0, False, False, 0.99),
        Prediction("in/b\x1b[31m.png", "notumor", {"notumor": 0.5}, False, 9.0, True, True, 0.5),
        Prediction("in/c.png", "glioma", {"glioma": 0.7}, None, None, None, True),
    ]
    table = predictions_table("gbmnet", "in/", rows, 5, "A note.")
    assert table.title == "gbmnet: scans of in/"
    assert [list(row) for row in table.rows] == [
        ["a.png", "glioma", "yes", "", "0.988", "0.990"],
        [
            "b\\x1b[31m.png",
            "notumor",
            "no",
            "out of distribution, low confidence",
            "0.500",
            "0.500",
        ],
        ["c.png", "glioma", "\u2013", "low confidence", "0.700", "\u2013"],
    ]
    assert table.note == "and 2 more. A note."
    assert predictions_table("gbmnet", "", rows, 3, "A note.").note == "A note."
    assert "| glioma |" in to_markdown(table)


def test_the_summary_counts() -> None:
    told = predictions_summary({"glioma": 1, "notumor": 0}, None, 1, 2)
    assert (
        told == "1 scan predicted: 1 glioma, 0 notumor; 1 low confidence; 2 files could not be used"
    )


def test_where_no_class_is_healthy_nothing_is_said_of_tumours() -> None:
    rows = [Prediction("c.png", "glioma", {"glioma": 0.7}, None, None, None, True)]
    table = predictions_table("gbmnet", "", rows, 1, "A note.")
    assert table.title == "gbmnet"
    assert list(table.columns) == ["scan", "class", "warning", "P(class)"]
    assert table.rows == [["c.png", "glioma", "low confidence", "0.700"]]
    assert table.text_columns == 3
