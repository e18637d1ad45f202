"""A report page: described once as plain blocks, written as one HTML file that needs no other."""

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape
from PIL import Image

from brain_tumor.rendering.foreign_text import markdown_text

Level = Literal["good", "warning", "bad"]

_FINGERPRINT = re.compile(r"\w{29,}")  # or whatever else is longer than any word
_INTERVAL = re.compile(r"(\([^()]* to [^()]*\))")


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Notice:
    """A sentence that must not be missed, and how good the news is."""

    kind: ClassVar[str] = "notice"
    level: Level
    text: str


@dataclass(frozen=True)
class DataTable:
    """A table for the page, the terminal and Markdown.

    Attributes:
        title: What it shows; becomes its caption.
        columns: Names of the columns.
        rows: One string per column, as it is to be shown.
        note: What a reader has to know beside it.
        text_columns: Leading columns that hold words and are left-aligned; the others hold
            numbers and are right-aligned. At least 1.
        sections: Places in `rows`, counted from 0, at which a new group of rows begins: a line
            is drawn above them, except in Markdown, which has none.

    Raises:
        ValueError: A row has not one cell per column.
    """

    kind: ClassVar[str] = "table"
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    text_columns: int = 1
    sections: Sequence[int] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"a row of {len(row)} cells under {len(self.columns)} columns in {self.title!r}"
                )

    def _repr_markdown_(self) -> str:  # what a notebook shows
        return to_markdown(self)


@dataclass(frozen=True)
class Picture:
    """A picture, which the page carries inside it.

    Attributes:
        png: The content of a PNG file.
        alt: What it shows, for those who cannot see it.
        caption: What to see in it.
        file: Where the same picture lies as a file, relative to the page; None if nowhere.
        density: Pixels to a CSS pixel: 2 shows it half as large, and sharp where a screen has two.
        chart: Whether it is lines and words on white, which a dark page shows inverted, and not
            scans, which it must show as they are.
    """

    kind: ClassVar[str] = "picture"
    png: bytes
    alt: str
    caption: str
    file: str | None = None
    density: float = 1.0
    chart: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in CSS pixels, to the nearest whole one."""
        with Image.open(io.BytesIO(self.png), formats=["PNG"]) as image:
            width, height = image.size
        return round(width / self.density), round(height / self.density)

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"

    @property
    def link(self) -> str | None:
        """`file` as a relative URL."""
        return None if self.file is None else f"./{quote(self.file)}"


@dataclass(frozen=True)
class Bar:
    """A bar that is certain up to `low` and ends somewhere up to `high`.

    Attributes:
        label: What it stands for.
        low: Lower end of a range or an interval, in [0, 1].
        high: Its upper end, in [`low`, 1].
        text: The same in figures.
        mark: Where to draw a line to compare with, in [0, 1]; None draws none.
    """

    label: str
    low: float
    high: float
    text: str
    mark: float | None = None


@dataclass(frozen=True)
class Bars:
    """Shares or scores of 0 to 1 as bars; the note says what pale ends and marks mean."""

    kind: ClassVar[str] = "bars"
    title: str
    bars: Sequence[Bar]
    note: str = ""


Block = Heading | Paragraph | Notice | DataTable | Picture | Bars


@dataclass(frozen=True)
class Section:
    """A part of a page that the table of contents leads to.

    Its name in links has small letters, digits and hyphens; no other section of the page has it.
    """

    anchor: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole page; the footer holds name and value of what identifies it: data, version, date."""

    title: str
    summary: str
    sections: Sequence[Section]
    footer: Sequence[tuple[str, str]] = ()


def render(page: Page) -> str:
    """Write a page as one HTML5 document.

    Style and pictures are inside it, there is no script, and its content security policy forbids
    the browser to fetch anything: it can be mailed, archived and opened without a network.

    Every text is shown as it is, markup in it is not obeyed. Write the document as UTF-8.
    """
    return open_template("page.html.j2").render(page=page)


def open_template(name: str, package: str = "brain_tumor.rendering") -> Template:
    """Open a template of a package or of this one; what is put into it is text, never markup."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("brain_tumor.rendering")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template(name)


def to_markdown(table: DataTable) -> str:
    r"""Write a table in GitHub's Markdown, its title above and its note below.

    >>> print(to_markdown(DataTable("Scans", ["class", "n"], [["no|ne", "1,699"]])))
    **Scans**
    <BLANKLINE>
    | class | n |
    | --- | ---: |
    | no\|ne | 1,699 |
    """
    rules = ["---" if i < table.text_columns else "---:" for i in range(len(table.columns))]
    lines = [f"**{markdown_text(table.title)}**", ""]
    lines += [_row(table.columns), f"| {' | '.join(rules)} |"]
    lines += [_row(row) for row in table.rows]
    if table.note:
        lines += ["", f"*{markdown_text(table.note)}*"]
    return "\n".join(lines)


def _breakable(text: str) -> Markup:
    # A long path is broken between its folders before it is broken inside a name, and a score
    # before its interval, not inside it.
    in_pieces = str(escape(text)).replace(" %", "&nbsp;%")
    broken = _FINGERPRINT.sub(lambda word: "<wbr>".join(re.findall(".{1,14}", word[0])), in_pieces)
    broken = broken.replace("/", "/<wbr>")
    return Markup(_INTERVAL.sub(r'<span class="whole">\1</span>', broken))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(markdown_text, cells))} |"
