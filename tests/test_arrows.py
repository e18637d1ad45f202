"""The floors of the house: who may import whom. No arrow points up, none runs in a circle."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import brain_tumor

ROOT = Path(brain_tumor.__file__).parent
COMMANDS = {
    *("train", "evaluate", "compare", "audit", "predict", "export"),
    *("app", "tune", "doctor", "prepare"),
}
FLOORS = (
    {"__main__", "api"},  # all commands for the shell, and from Python
    COMMANDS,
    {"trained", "cli"},
    {"runs"},
    {"config"},
    {"engine"},
    {"data", "models"},
    {"files", "metrics", "rendering"},
    {"dataclass_json", "arguments"},
    {"settings", "trust"},
    {"errors", "callable_package"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Commands whose public functions another command calls.
CALLS = {
    "train": {"evaluate"},
    "tune": {"train"},
    "app": {"predict", "evaluate"},
    "predict": {"evaluate", "export", "train"},
    "compare": {"evaluate", "audit"},
    "audit": {"evaluate"},
}
MAX_FILES = 15  # beside sub-folders
MAX_LINES = 300  # of a file
MAX_SHARE = 0.2  # of the package's lines, in a folder and all below it


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(path: Path, at_import: bool = False) -> Iterator[str]:
    """Names of our modules that a file imports; at its top alone, or anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_import else ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            for alias in node.names:
                both = f"{module}.{alias.name}"
                yield both if both in MODULES else module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def is_ours(module: str) -> bool:
    return module.split(".")[0] == "brain_tumor"


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_down(module: str) -> None:
    own = room_of(module)
    if not own:  # the package's own face, which waits until it is asked for
        faces = {"brain_tumor.api", "brain_tumor.errors", "brain_tumor.predict.classifier"}
        assert set(filter(is_ours, imported(MODULES[module]))) <= faces
        return
    for other in map(room_of, filter(is_ours, imported(MODULES[module]))):
        if other in ("", own):
            continue
        allowed = FLOOR[other] > FLOOR[own] or other in CALLS.get(own, ())
        assert allowed, f"{module} imports {other}"


def test_every_room_is_on_a_floor() -> None:
    rooms = {path.stem for path in ROOT.glob("*.py")} - {"__init__"}
    rooms |= {path.name for path in ROOT.iterdir() if any(path.glob("*.py"))}
    assert rooms == FLOOR.keys()


def test_there_is_no_circle() -> None:
    arrows = {
        module: {name for name in imported(path, at_import=True) if name in MODULES} - {module}
        for module, path in MODULES.items()
        if path.name != "__init__.py"
    }
    tuple(TopologicalSorter(arrows).static_order())  # raises where there is one


def test_no_room_is_a_drawer() -> None:
    lines = {
        name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()
    }
    assert [name for name, number in lines.items() if number > MAX_LINES] == []
    for folder in {path.parent for path in MODULES.values()}:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= MAX_FILES, folder
        if folder != ROOT:
            inside = sum(lines[name_of(file)] for file in folder.rglob("*.py"))
            assert inside <= MAX_SHARE * sum(lines.values()), folder


@pytest.mark.parametrize("name", ["gbmnet", "mobilenetv2", "network", "preprocess"])
def test_networks_are_pure_torch(name: str) -> None:
    tree = ast.parse((ROOT / "models" / f"{name}.py").read_text(encoding="utf-8"))
    roots = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert roots <= {
        *("torch", "torchvision", "brain_tumor"),
        *("collections", "inspect", "pathlib", "typing"),
    }
