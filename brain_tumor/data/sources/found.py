"""What a source was found to hold, said before the work starts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from brain_tumor.data.sources.names import Names
from brain_tumor.files.source import PARTS, Scan

MAX_LISTED = 12  # classes of a part


def found_lines(
    root: Path, scans: Sequence[Scan], classes: Sequence[str], names: Names
) -> list[str]:
    r"""Say how many scans of each class are in each published part, and which names are mapped.

    Example:
        >>> scans = [Scan("a/1.png", "a"), Scan("a/2.png", "a"), Scan("b/1.png", "b")]
        >>> print("\n".join(found_lines(Path("set"), scans, ["a", "b"], {"no": "b", "c": None})))
        found in set: 3 scans of 2 classes, in no published parts
          a 2, b 1
          called otherwise here: no is b; left out: c
    """
    parts = [part for part in (*PARTS, "") if any(scan.part == part for scan in scans)]
    of_parts = "in no published parts" if parts == [""] else f"in {', '.join(filter(None, parts))}"
    lines = [
        f"found in {root}: {len(scans):,} scans of {len(classes)} classes, "
        f"{of_parts}{' and beside them' if '' in parts[1:] else ''}"
    ]
    for part in parts:
        counts = Counter(scan.label for scan in scans if scan.part == part)
        listed = [f"{label} {counts[label]:,}" for label in classes[:MAX_LISTED]]
        if len(classes) > MAX_LISTED:
            listed.append(f"and {len(classes) - MAX_LISTED} more classes")
        name = "" if parts == [""] else f"{part or 'in no part'}: "
        lines.append(f"  {name}{', '.join(listed)}")
    sets = Counter(scan.source for scan in scans if scan.source)
    if sets:
        counted = ", ".join(f"{name} {count:,}" for name, count in sets.items())
        lines.append(f"  joined: {counted}")
    mapped = [f"{name} is {label}" for name, label in names.items() if label not in (None, name)]
    dropped = [name for name, label in names.items() if label is None]
    said = [
        *([f"called otherwise here: {', '.join(mapped)}"] if mapped else []),
        *([f"left out: {', '.join(dropped)}"] if dropped else []),
    ]
    return [*lines, *([f"  {'; '.join(said)}"] if said else [])]
