"""Where the configuration groups lie."""

from pathlib import Path


def conf_folder() -> Path:
    """Find the configuration groups: in the package once installed, in a checkout beside it."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"
