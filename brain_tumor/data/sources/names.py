"""Names of classes as a data set has them, and as they are to be called here."""

from collections.abc import Mapping, Sequence

from brain_tumor.errors import ConfigError, DataError, suggest

# Class of a folder or label; None leaves it out.
Names = Mapping[str, str | None]


def check_names(
    names: Names, there: Sequence[str], classes: Sequence[str] | None, where: str, kind: str
) -> None:
    """Make sure that every name leads to a class, one of `classes` if these are given.

    `where` is what holds the names that are there, of the kind `folder` or `label`.

    Raises:
        ConfigError: `names` names a folder, label or class that is not there.
        DataError: One is neither a class nor mapped to one: none is taken for a class by order or
            by guess.
    """
    # What is left out, or found under its own name, may be missing; any other value that is ignored
    # would mislead.
    covered = {None, *there, *(names[name] for name in there if name in names)}
    for name, label in names.items():
        if name not in there and label not in covered:
            raise ConfigError(
                f"data.names names the {kind} {name}, which {where} does not hold: it holds "
                f"{', '.join(there)}."
            )
        if label is not None and classes is not None and label not in classes:
            raise ConfigError(
                f"data.names maps {name} to {label!r}, which is no class: "
                f"{suggest(label, classes)} Or give null to leave it out."
            )
    if classes is None:
        return
    unknown = [name for name in there if name not in names and name not in classes]
    if unknown:
        is_none = f"{unknown[0]} is" if len(unknown) == 1 else f"{', '.join(unknown)} are"
        raise DataError(
            f"{where} holds the {kind}s {', '.join(there)}, of which {is_none} no class "
            f"({', '.join(classes)}): say which class it is as "
            f'"data.names={{{unknown[0]}: CLASS}}", or null in place of CLASS to leave it out.'
        )
