"""Text from elsewhere, such as names in a run folder: shown as it is, obeyed by nothing."""

import re

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&#])")


def visible(text: str) -> str:
    """Spell out what of a text a terminal would obey, such as line breaks and colours."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def markdown_text(text: str) -> str:
    r"""Give a text as one line of Markdown in which no mark is obeyed.

    >>> print(markdown_text("a\n# b | <c>"))
    a \# b \| \<c\>
    """
    return _MARKDOWN.sub(r"\\\1", _line(text))


def markdown_code(text: str) -> str:
    """Give a text as code in a line of Markdown, which no backtick in it ends.

    >>> print(markdown_code("a `b`"))
    `` a `b` ``
    """
    line = _line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _line(text: str) -> str:
    return visible(" ".join(text.split()))
