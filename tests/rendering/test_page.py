import io
import itertools
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image
from rich.console import Console

from brain_tumor.rendering.foreign_text import visible
from brain_tumor.rendering.page import (
    Bar,
    Bars,
    DataTable,
    Heading,
    Notice,
    Page,
    Paragraph,
    Picture,
    Section,
    render,
    to_markdown,
)
from brain_tumor.rendering.terminal import to_rich

VOID = {"meta", "link", "img", "wbr"}
# What HTML's parser replaces or joins is no text that a page could show as it is.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
hostile = st.one_of(
    texts,
    st.sampled_from(
        ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "&lt;", "'"]
    ),
)


def png(width: int = 3, height: int = 2) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height), 128).save(file, "PNG")
    return file.getvalue()


class Strict(HTMLParser):
    """Reads a page and fails on a tag that is not closed where it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def values(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]

    @property
    def text(self) -> str:
        return "".join(self.texts)


def page_of(words: Sequence[str]) -> Page:
    """Put the same words into every place that takes some."""
    text = iter(words * 40)
    blocks = [
        Heading(next(text)),
        Paragraph(next(text)),
        Notice("bad", next(text)),
        DataTable(next(text), [next(text), next(text)], [[next(text), next(text)]], next(text)),
        Picture(png(), next(text), next(text), next(text)),
        Bars(next(text), [Bar(next(text), 0.2, 0.3, next(text), 0.25)], next(text)),
    ]
    sections = [Section("one", next(text), blocks), Section("two", next(text), blocks[:1])]
    return Page(next(text), next(text), sections, [(next(text), next(text))])


@settings(max_examples=30, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=20))
def test_any_text_is_shown_and_none_is_obeyed(words: list[str]) -> None:
    page = page_of(words)
    plain, read = Strict(render(page_of(["word"]))), Strict(render(page))
    # The same tags, whatever the words, but for the places to break at.
    assert [t for t, _ in read.tags if t != "wbr"] == [t for t, _ in plain.tags if t != "wbr"]
    names = [sorted(attrs) for tag, attrs in read.tags if tag != "wbr"]
    assert names == [sorted(attrs) for tag, attrs in plain.tags if tag != "wbr"]
    places = [*read.texts, *read.values("alt"), *read.values("aria-label")]
    shown = "".join(places).replace("\n", "")
    assert all(word in shown for word in words[:10])


@settings(max_examples=30, deadline=None)
@given(texts)
def test_a_link_stays_beside_the_page(name: str) -> None:
    for file in (name, f"javascript:{name}", f"//{name}", f"sheets/{name}.png"):
        link = Picture(png(), "", "", file).link
        assert link is not None
        assert link.startswith("./")
        assert re.fullmatch(r"[A-Za-z0-9_.~%/-]+", link)


def test_ids_are_unique_and_every_anchor_has_one() -> None:
    read = Strict(render(page_of(["word"])))
    ids = read.values("id")
    assert len(ids) == len(set(ids))
    anchors = [link[1:] for link in read.values("href") if link.startswith("#")]
    assert anchors == ["one", "two"]
    assert set(anchors) | set(read.values("aria-labelledby")) <= set(ids)


def test_the_page_needs_no_other_file_and_no_script() -> None:
    html = render(page_of(["word"]))
    read = Strict(html)
    assert html.startswith("<!DOCTYPE html>")
    assert "script" not in {tag for tag, _ in read.tags}
    assert all(source.startswith("data:image/png;base64,") for source in read.values("src"))
    assert "url(" not in html and "@import" not in html
    (policy,) = [attrs["content"] for _, attrs in read.tags if "http-equiv" in attrs]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_headings_are_in_order_and_tables_are_marked_up() -> None:
    read = Strict(render(page_of(["word"])))
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    tags = [tag for tag, _ in read.tags]
    assert tags.count("table") == tags.count("caption") == 2
    assert all(attrs.get("scope") in ("row", "col") for tag, attrs in read.tags if tag == "th")
    (html,) = [attrs for tag, attrs in read.tags if tag == "html"]
    assert html["lang"] == "en-GB"


def test_a_picture_is_carried_with_its_size() -> None:
    picture = Picture(png(7, 5), "seven by five", "caption")
    read = Strict(render(Page("p", "s", [Section("a", "A", [picture])])))
    (image,) = [attrs for tag, attrs in read.tags if tag == "img"]
    assert (image["width"], image["height"], image["alt"]) == ("7", "5", "seven by five")
    assert "footer" not in {tag for tag, _ in read.tags}
    assert "Open as a file" not in read.text


def test_the_first_columns_are_words_and_the_others_numbers() -> None:
    table = DataTable("t", ["a", "b", "c"], [["x", "y", "1"]], text_columns=2)
    read = Strict(render(Page("p", "s", [Section("a", "A", [table])])))
    classes = [attrs.get("class") for tag, attrs in read.tags if tag in ("th", "td")]
    assert classes == ["text", "text", None] * 2
    assert [column.justify for column in to_rich(table).columns] == ["left", "left", "right"]
    assert to_markdown(table).splitlines()[3] == "| --- | --- | ---: |"


def test_a_dense_picture_is_shown_smaller() -> None:
    assert Picture(png(8, 5), "", "", density=2).size == (4, 2)
    assert Picture(png(300, 150), "", "", density=150 / 96).size == (192, 96)


def test_only_charts_are_inverted_on_a_dark_page() -> None:
    pictures = [Picture(png(), "curves", "", chart=True), Picture(png(), "scans", "")]
    html = render(Page("p", "s", [Section("a", "A", pictures)]))
    images = [attrs for tag, attrs in Strict(html).tags if tag == "img"]
    assert [image.get("class") for image in images] == ["chart", None]
    dark = html.partition("(prefers-color-scheme: dark)")[2].split("* {")[0]
    assert "img.chart { filter: invert(.9) hue-rotate(180deg); }" in dark
    # Paper is white whatever the screen; of two rules as specific as these the later one holds.
    assert html.index(".scroll img {", html.index("@media print")) > html.index("img.chart")
    assert html.count("invert(") == 1


def test_a_group_of_rows_is_a_body_of_its_own() -> None:
    rows = [["a", "1"], ["b", "2"], ["all", "3"]]
    table = DataTable("t", ["x", "n"], rows, sections=[2])
    tags = [tag for tag, _ in Strict(render(Page("p", "s", [Section("a", "A", [table])]))).tags]
    assert "".join(tag[:2] for tag in tags if tag in ("tbody", "tr")) == "trtbtrtrtbtr"
    assert [row.end_section for row in to_rich(table).rows] == [False, True, False]
    assert to_markdown(table) == to_markdown(DataTable("t", ["x", "n"], rows))


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns in 'sizes'"):
        DataTable("sizes", ["a", "b"], [["1"]])


def test_a_bar_is_as_long_as_its_value() -> None:
    bars = Bars("b", [Bar("x", 0.25, 0.5, "a quarter to a half", 0.75)])
    styles = Strict(render(Page("p", "s", [Section("a", "A", [bars])]))).values("style")
    assert styles == ["width:50.00%", "width:25.00%", "left:75.00%"]


prose = hostile.filter(str.strip)
marks = {"text", "text_special", "strong_open", "strong_close", "em_open", "em_close"}


@given(st.lists(st.tuples(hostile, hostile), min_size=1, max_size=4), prose, hostile, prose)
def test_markdown_gives_the_words_back(
    rows: list[tuple[str, str]], title: str, column: str, note: str
) -> None:
    written = to_markdown(DataTable(title, [column, "n"], rows, note))
    # An independent reader of GitHub's tables.
    tokens = MarkdownIt("commonmark").enable("table").parse(written)
    inline = [token.children or [] for token in tokens if token.type == "inline"]
    assert {child.type for children in inline for child in children} <= marks
    read = ["".join(child.content for child in children) for children in inline]
    wanted = [title, column, "n", *(cell for row in rows for cell in row), note]
    assert read == [visible(" ".join(text.split())) for text in wanted]


def test_the_terminal_shows_markup_as_it_is() -> None:
    table = DataTable("[bold]t", ["[red]a", "n"], [["[link=x]y[/link]", "1"]], "[dim]note")
    console = Console(width=80)
    with console.capture() as capture:
        console.print(to_rich(table))
    shown = capture.get()
    assert all(text in shown for text in ("[bold]t", "[red]a", "[link=x]y[/link]", "[dim]note"))


def test_the_terminal_obeys_nothing_in_a_table() -> None:
    table = DataTable("\x1b[2Jt", ["\x9b31m", "n"], [["\x1b]0;x\x07\r", "1"]], "a\nb\x1b[0m")
    console = Console(width=80)
    with console.capture() as capture:
        console.print(to_rich(table))
    shown = capture.get()
    assert not {"\x1b", "\x9b", "\x07", "\r"} & set(shown)
    assert "\\x1b[2Jt" in shown
