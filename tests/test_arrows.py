"""The floors and wings of the house: who may import whom."""

import ast
from pathlib import Path

import pytest

import brain_tumor

ROOT = Path(brain_tumor.__file__).parent
WINGS = ("data", "models", "evaluation", "report")
FILES = sorted(ROOT.rglob("*.py"))
# Room -> rooms it may import from, beside its own and brain_tumor.errors.
ALLOWED = {wing: set() for wing in WINGS} | {
    "runtime": set(WINGS),
    "commands": {*WINGS, "runtime"},
}


def room_of(parts: tuple[str, ...]) -> str:
    if parts in ((), ("errors",)):
        return "foundation"
    return parts[0] if parts[0] in (*WINGS, "runtime") else "commands"


def imported(path: Path) -> set[tuple[str, ...]]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module or "")
    return {tuple(n.split(".")[1:]) for n in names if n.split(".")[0] == "brain_tumor"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_point_down(path: Path) -> None:
    own = room_of(tuple(path.relative_to(ROOT).with_suffix("").parts))
    if path.name == "__init__.py":
        # Rooms re-export nothing; a package inside a room may re-export its own modules.
        package = path.parent.relative_to(ROOT).parts
        if not package:  # the package's own face, which waits until it is asked for
            assert imported(path) <= {("inference",)}
            return
        for module in imported(path):
            inside = len(package) > 1 and module[:-1] == package
            assert inside, f"{path} re-exports {'.'.join(module)}"
        return
    if own == "foundation":
        assert not imported(path)
        return
    for module in imported(path):
        room = room_of(module)
        assert room in {own, "foundation"} | ALLOWED[own], f"{path} imports {'.'.join(module)}"
        assert room != "commands", f"{path} imports the command {'.'.join(module)}"


@pytest.mark.parametrize("name", ["gbmnet", "mobilenetv2", "preprocess"])
def test_networks_are_pure_torch(name: str) -> None:
    tree = ast.parse((ROOT / "models" / f"{name}.py").read_text(encoding="utf-8"))
    roots = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert roots <= {"torch", "torchvision", "brain_tumor", "collections", "pathlib", "typing"}
