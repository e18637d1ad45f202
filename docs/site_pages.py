"""Pages of the documentation site that lie elsewhere: results, notebooks, changes, and options.

MkDocs calls the functions by their names (https://www.mkdocs.org/user-guide/configuration/#hooks).
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of other folders."""
    for path in sorted((ROOT / "experiments").rglob("*")):
        place = path.relative_to(ROOT / "experiments").as_posix()
        if path.suffix == ".md":
            own = "results/" + place.replace("README.md", "index.md")
            text = _inside_the_site(path)
            files.append(File.generated(config, own, content=text))
        elif path.suffix == ".png":
            files.append(File.generated(config, f"results/{place}", abs_src_path=str(path)))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{path.name}", abs_src_path=str(path)))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    changes = LINK.sub(r"\2", changes)
    files.append(File.generated(config, "reference/changelog.md", content=changes))
    files.append(File.generated(config, "reference/commands.md", content=_commands()))
    files.append(File.generated(config, "reference/configuration.md", content=_groups()))
    return files


def _inside_the_site(path: Path) -> str:
    """Read a page of `experiments/`: links that leave it become the name of what they lead to."""

    def turned(found: re.Match[str]) -> str:
        picture, words, target, anchor = found[1], found[2], found[3], found[4] or ""
        if re.match(r"https?:", target):
            return found[0]
        there = (path.parent / target).resolve()
        inside = there.is_relative_to(ROOT / "experiments") and there.suffix in (".md", ".png")
        if not inside:
            return words
        place = posixpath.relpath(
            there.relative_to(ROOT / "experiments").as_posix().replace("README.md", "index.md"),
            path.parent.relative_to(ROOT / "experiments").as_posix(),
        )
        return f"{picture}[{words}]({place}{anchor})"

    return LINK.sub(turned, path.read_text(encoding="utf-8"))


def _commands() -> str:
    """Show every command with all its options, as its file in `conf/` has them."""
    parts = [
        "# Commands\n\nEach command is `python -m brain_tumor.NAME key=value ...`, or "
        "`brain-tumor NAME key=value ...`. Below are all its keys with their values where "
        "nothing is given. A line of `defaults` is a choice from a group "
        "([configuration](configuration.md)); the text under `help` is what `--help` prints.\n"
    ]
    for path in sorted((ROOT / "conf").glob("*.yaml")):
        text = path.read_text(encoding="utf-8").strip()
        parts.append(f"## {path.stem}\n\n```yaml\n{text}\n```\n")
    return "\n".join(parts)


def _groups() -> str:
    """Show every choice of every group of the configuration."""
    parts = [
        "# Configuration\n\nA group is a folder of `conf/`, a choice is a file in it: "
        "`model=mobilenetv2` takes `conf/model/mobilenetv2.yaml`. Any value can be changed on "
        "the command line (`model.width=128`). Every number that the report fixes stands here "
        "once, with its section.\n"
    ]
    groups = sorted({path.parent for path in (ROOT / "conf").rglob("*.yaml")} - {ROOT / "conf"})
    for group in groups:
        parts.append(f"## {group.relative_to(ROOT / 'conf').as_posix()}\n")
        for path in sorted(group.glob("*.yaml")):
            text = path.read_text(encoding="utf-8").strip()
            parts.append(f"**{path.stem}**\n\n```yaml\n{text}\n```\n")
    return "\n".join(parts)
