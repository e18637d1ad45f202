"""Tables as a terminal shows them: no word is broken, columns that have no room are left out."""

import sys
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from brain_tumor.rendering.foreign_text import visible
from brain_tumor.rendering.page import DataTable

LONG_WORD = 28  # characters: a path that is longer may go on in the next line


def live_console() -> Console:
    """Give a console for bars and spinners, which are shown on a terminal alone.

    Not in a notebook, whose kernel calls itself a terminal: rich asks for ipywidgets there.
    """
    return Console(highlight=False, force_jupyter=False, force_terminal=sys.stdout.isatty())


def to_rich(table: DataTable, width: int | None = None) -> Table:
    """Lay a table out for the terminal.

    Args:
        table: What it shows.
        width: Characters of a line: where there is no room for all columns the last are left out,
            which the note says; None takes all of them, however wide.
    """
    widths: list[int] | None = None
    if width is not None:
        table, widths = _fit(table, width)
    displayed = Table(
        title=_plain(table.title),
        title_justify="left",
        title_style="bold",
        caption=_plain(table.note) if table.note else None,
        caption_justify="left",
    )
    for place, column in enumerate(table.columns):
        left = place < table.text_columns
        own = None if widths is None else widths[place]
        displayed.add_column(
            _plain(column), justify="left" if left else "right", overflow="fold", width=own
        )
    for place, row in enumerate(table.rows):
        if place in table.sections:
            displayed.add_section()
        displayed.add_row(*map(_plain, row))
    return displayed


def leading(table: DataTable, columns: Sequence[str]) -> DataTable:
    """Put the decisive columns right after the first, so that they are the last to be left out.

    The first column holds words; a name that the table lacks is passed over.
    """
    names = list(table.columns)
    first = [names.index(name) for name in columns if name in names]
    order = [0, *first, *(place for place in range(1, len(names)) if place not in first)]
    rows = [[row[place] for place in order] for row in table.rows]
    return replace(table, columns=[names[place] for place in order], rows=rows, text_columns=1)


def _fit(table: DataTable, width: int) -> tuple[DataTable, list[int] | None]:
    """Leave out the last columns that have no room; give the others' widths.

    No widths where even the columns of words have no room: then something has to be broken.
    """
    columns = list(zip(table.columns, *table.rows, strict=True))
    words = table.text_columns
    # Words may go on in the next line, numbers and their intervals not.
    least = [
        max(_longest_word(column[0]), *map(_longest_word if place < words else _length, column[1:]))
        if len(column) > 1
        else _longest_word(column[0])
        for place, column in enumerate(columns)
    ]
    kept = len(columns)
    while kept > min(words + 1, len(columns)) and _frame(kept) + sum(least[:kept]) > width:
        kept -= 1
    left_out = [name.replace("\n", " ") for name in table.columns[kept:]]
    if left_out:
        note = f"{table.note} No room here for: {', '.join(left_out).rstrip('.')}.".strip()
        rows = [row[:kept] for row in table.rows]
        table = replace(table, columns=table.columns[:kept], rows=rows, note=note)
    room = width - _frame(kept) - sum(least[:kept])
    if room < 0:
        return table, None
    widths = least[:kept]
    for place in range(kept):
        wanted = max(map(_length, columns[place])) - widths[place]
        more = min(wanted, room)
        widths[place] += more
        room -= more
    return table, widths


def _frame(columns: int) -> int:
    return 3 * columns + 1  # a line and a space on each side of a column


def _longest_word(text: str) -> int:
    longest = max(map(_length, text.split() or [""]))
    return min(longest, LONG_WORD)


def _length(text: str) -> int:
    return max((_plain(line).cell_len for line in text.split("\n")), default=0)


def _plain(text: str) -> Text:
    return Text("\n".join(map(visible, text.split("\n"))))
