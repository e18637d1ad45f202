from rich.console import Console

from brain_tumor.rendering.page import DataTable
from brain_tumor.rendering.terminal import leading, to_rich

COLUMNS = ["network", "accuracy", "balanced accuracy", "seconds"]
ROW = ["mobilenetv2 with a long name", "0.812 (0.790 to 0.833)", "0.801 (0.780 to 0.820)", "12.3"]


def shown(table: DataTable, width: int) -> list[str]:
    console = Console(width=width, legacy_windows=False)
    with console.capture() as capture:
        console.print(to_rich(table, width))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_table_fits_and_breaks_no_word() -> None:
    table = DataTable("scores", COLUMNS, [ROW], "A note.")
    for width in range(48, 120):
        lines = shown(table, width)
        assert max(map(len, lines)) <= width
        text = " ".join(lines)
        assert "mobilenetv2" in text and "0.812 (0.790 to 0.833)" in text
        wide = "12.3" in text
        assert wide != ("No room" in text and "seconds" in text)
    assert "No room" not in " ".join(shown(table, 120))


def test_what_is_left_out_is_named_on_one_line() -> None:
    table = DataTable("scores", ["class", "ours", "ours less\nthat"], [["a", "0.5", "+0.1"]], "")
    assert "No room here for: ours less that." in " ".join(shown(table, 18))


def test_the_decisive_columns_stay() -> None:
    table = leading(DataTable("scores", COLUMNS, [ROW]), ["balanced accuracy", "no column"])
    assert list(table.columns) == ["network", "balanced accuracy", "accuracy", "seconds"]
    text = " ".join(shown(table, 50))
    assert "0.801 (0.780 to 0.820)" in text and "0.812" not in text


def test_a_path_too_long_for_any_line_is_folded() -> None:
    table = DataTable("scans", ["scan", "class"], [["a/" * 60, "glioma"]], text_columns=2)
    assert max(map(len, shown(table, 40))) <= 40
