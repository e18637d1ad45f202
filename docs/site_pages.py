"""Pages of the documentation site that lie elsewhere: results, notebooks, changes, and options.

Links are written for whoever reads the files as they lie in the repository; here they are turned to
the places that the files have in the site. MkDocs calls the functions by their names
(https://www.mkdocs.org/user-guide/configuration/#hooks).
"""

import posixpath
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CHANGES = "CHANGELOG.md"
CHOICES = re.compile(r"\$\{choices:([^}]*)\}")  # `--help` puts the choices of these groups there
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


@event_priority(100)  # before mkdocs-jupyter, which makes pages of the notebooks that it is given
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of other folders."""
    found = [*(ROOT / "experiments").rglob("*"), *(ROOT / "notebooks").glob("*.ipynb")]
    for path in sorted([*found, ROOT / CHANGES]):
        place = _place(path)
        if place is None:
            continue
        if path.suffix == ".md":
            text = _turned(path.read_text(encoding="utf-8"), path)
            if path.name == "comparison.md":  # all have one title, and a search shows titles alone
                text = text.replace("# Comparison", f"# Comparison: {path.parent.name}", 1)
            files.append(File.generated(config, place, content=text))
        elif path.suffix == ".ipynb":  # mkdocs-jupyter takes files of a folder alone
            files.append(File(place, str(ROOT), config.site_dir, config.use_directory_urls))
        else:
            files.append(File.generated(config, place, abs_src_path=str(path)))
    files.append(File.generated(config, "reference/commands.md", content=_commands()))
    files.append(File.generated(config, "reference/configuration.md", content=_groups()))
    files.append(File.generated(config, "reference/licences.md", content=_licences()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page of `docs/`; those of generated pages are turned already."""
    source = page.file.abs_src_path
    if source is None:
        return markdown
    page.meta["search"] = {"boost": 2}  # a search finds what explains before tables of results
    return _turned(markdown, Path(source))


def _place(path: Path) -> str | None:
    """Give a file's place in the site; None where it has none."""
    place = path.relative_to(ROOT).as_posix()
    folder, _, rest = place.partition("/")
    if folder == "experiments" and path.suffix in (".md", ".png"):
        return f"results/{rest.replace('README.md', 'index.md')}"
    if folder == "docs":
        return rest
    if path.suffix == ".ipynb":
        return place
    return "reference/changelog.md" if place == CHANGES else None


def _turned(text: str, path: Path) -> str:
    """Turn the links of a file; one that leaves the site becomes the name of what it leads to."""
    own = _place(path)
    assert own is not None, path

    def turned(found: re.Match[str]) -> str:
        picture, words, target, anchor = found[1], found[2], found[3], found[4] or ""
        if re.match(r"https?:", target):
            return found[0]
        there = (path.parent / target).resolve()
        place = _place(there) if there.is_relative_to(ROOT) else None
        if place is None:
            return words
        return f"{picture}[{words}]({posixpath.relpath(place, posixpath.dirname(own))}{anchor})"

    return LINK.sub(turned, text)


def _commands() -> str:
    """Show what `--help` prints for every command, and its values as `conf/` has them."""
    parts = [
        "# Commands\n\nEach command is `python -m brain_tumor.NAME key=value ...`, or "
        "`brain-tumor NAME key=value ...`; `benchmark` alone is `python -m benchmarks` in a "
        "checkout. Here is what `--help` prints, then every key with its default. A line of "
        "`defaults` is a choice from a group ([configuration](configuration.md)).\n"
    ]
    for path in sorted((ROOT / "conf").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        parts.append(f"## {path.stem}\n")
        if header := yaml.safe_load(text)["hydra"].get("help", {}).get("header"):
            header = CHOICES.sub(lambda found: found[1].replace(",", ", "), header)
            parts.append(f"```text\n{header.strip()}\n```\n")
        values = text.partition("\nhydra:\n")[0].strip()
        parts.append(f"```yaml\n{values}\n```\n")
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


def _licences() -> str:
    """List the licence of every library that is installed for the package or an extra of it."""
    extras = distribution("brain-tumor").metadata.get_all("Provides-Extra", [])
    needed = {name: ["everything"] for name in _needs("brain-tumor", "")}
    for extra in sorted(set(extras) - {"test"}):
        for name in _needs("brain-tumor", extra):
            if needed.setdefault(name, []) != ["everything"]:
                needed[name].append(extra)
    lines = [
        "# Licences\n",
        "The libraries that were installed where this page was built, with the licence that "
        "each one's metadata name. On Linux PyTorch also brings NVIDIA's libraries, under NVIDIA's "
        "own terms. The package itself: MIT.\n",
        "| library | version | licence | needed by |",
        "| --- | --- | --- | --- |",
    ]
    for name in sorted(needed):
        found = distribution(name)
        cells = [name, found.version, _licence(found.metadata), ", ".join(needed[name])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _needs(name: str, extra: str) -> list[str]:
    """Give what an installed library, or an extra of it, needs at any depth and is installed."""
    found: dict[str, None] = {}
    left = list(_direct(name, extra))
    while left:
        one = left.pop()
        if one in found:
            continue
        try:
            distribution(one)
        except PackageNotFoundError:  # for another platform, or left out
            continue
        found[one] = None
        left += _direct(one, "")
    return list(found)


def _direct(name: str, extra: str) -> Iterator[str]:
    for text in distribution(name).requires or []:
        wanted = Requirement(text)
        marker = wanted.marker
        if marker is None or marker.evaluate({"extra": extra}):
            yield canonicalize_name(wanted.name)


def _licence(metadata: Any) -> str:
    """Give a licence's name: as an expression, as a classifier, or the first line of its text."""
    if metadata.get("License-Expression"):
        return str(metadata["License-Expression"])
    named = [
        one.split(" :: ")[-1] for one in metadata.get_all("Classifier", []) if "License" in one
    ]
    first = (metadata.get("License") or "not named").strip().splitlines()[0]
    return ", ".join(named) or first[:60].replace("|", "/")
