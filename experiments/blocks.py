"""Tables that a command writes into a page that people write."""

import re


def filled_block(text: str, name: str, tables: str) -> str:
    r"""Put tables between the two lines of a name, `<!-- name -->` and `<!-- end of name -->`.

    Args:
        text: The page, Markdown.
        name: Of the block.
        tables: What goes there, in place of what was there.

    Raises:
        ValueError: The page has no such block.

    Example:
        >>> filled_block("a\n<!-- x -->\nold\n<!-- end of x -->\n", "x", "new")
        'a\n<!-- x -->\n\nnew\n\n<!-- end of x -->\n'
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    place = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    made, count = place.subn(lambda _: f"\n{tables.strip()}\n\n", text)
    if count != 1:
        raise ValueError(f"the page has {count} blocks between {begin} and {end}")
    return made
