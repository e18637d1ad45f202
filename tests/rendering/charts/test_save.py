import io
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from brain_tumor.rendering.charts.save import Write, save_figure


def chart() -> Figure:
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="a line", clip_on=True)
    axes.set_title("the words of a title")
    axes.set_box_aspect(1)
    figure.legend(loc="outside right center")
    return figure


def into(folder: Path) -> Write:
    def write(name: str, content: bytes) -> None:
        (folder / name).write_bytes(content)

    return write


def test_the_files_are_the_same_every_time(tmp_path: Path) -> None:
    figure = chart()
    png = save_figure(figure, into(tmp_path), "first")
    svg = (tmp_path / "first.svg").read_bytes()
    assert (tmp_path / "first.png").read_bytes() == png
    for again in (figure, chart()):
        assert save_figure(again, into(tmp_path), "again") == png
        assert (tmp_path / "again.svg").read_bytes() == svg
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": None}):
        save_figure(chart(), into(tmp_path), "again")
        assert (tmp_path / "again.svg").read_bytes() == svg


def test_they_tell_neither_date_nor_program_and_hold_no_fonts(tmp_path: Path) -> None:
    png = save_figure(chart(), into(tmp_path), "a")
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (600, 450)
        assert set(image.info) == {"dpi"}
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg and "matplotlib v" not in svg.lower() and "<text" not in svg
