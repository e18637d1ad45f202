"""Read from a message what it advises, and do that: type it, leave a word out, install, delete."""

import contextlib
import importlib
import io
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from brain_tumor.cli import command

KEY = r"[+~]?[A-Za-z_][\w@/]*(?:\.[\w@/-]+)*"
VALUE = r"(?:'[^']*'|\[[^\]]*\]|\{[^}]*\}|\.\.\.|[^\s\"',;)]*[^\s\"',;).:])"
# What stands in a message for what only the user knows.
BLANK = re.compile(r"\b(?:FOLDER|VALUE|PATH|FILE|CLASS|NAME|CHOICE)\b(?:,\.\.\.)?|\.\.\.$")
REMEDY = re.compile(
    r"pip install (?P<package>[\"'][^\"']+[\"']|\w+)"
    r"|did you mean (?P<meant>[^\s?]+)\?"
    rf"|choose one of (?P<choice>{KEY}={VALUE}|[\w./]+\w)"
    r"|leave (?P<without>\S+) out"
    r"|[Dd]elete (?P<deleted>the (?:folder|file)|[^\s;,]*[^\s;,.])"
    r"|add (?P<flag>-m)\b"
    rf'|"(?P<quoted>{KEY}={VALUE})"'
    rf"|(?P<typed>{KEY}={VALUE}(?: {KEY}={VALUE})*)"
)


def type_in(name: str, words: str | Sequence[str]) -> tuple[int, str, str]:
    """Type a command as a user does, in this process; give its exit status, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    typed = shlex.split(words) if isinstance(words, str) else list(words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "keep_freed_memory", lambda: None)  # of the tests' own process
        patch.delenv("BRAIN_TUMOR_DATA", raising=False)
        patch.delenv(command.TRACEBACKS, raising=False)
        patch.setattr(sys, "argv", [name, *typed])
        place = "brain_tumor.prepare" if name == "prepare" else f"brain_tumor.{name}.__main__"
        main = importlib.import_module(place).main
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
                status = 0
            except SystemExit as ended:
                status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()


def advised(message: str, words: Sequence[str]) -> list[re.Match[str]]:
    """Find the remedies of a message, in its order; what is wrong stands before the colon.

    Args:
        message: One sentence.
        words: What was typed: a remedy says something else.
    """
    wrong, _, advice = message.partition(": ")
    found = REMEDY.finditer(message, len(wrong) + 2 if advice else 0)
    return [remedy for remedy in found if remedy[0].strip('"') not in words]


def follow(remedy: re.Match[str], message: str, words: Sequence[str], fill: str) -> list[str]:
    """Do what a remedy says; give what is typed then.

    Args:
        remedy: One of `advised`.
        message: What it was found in.
        words: What was typed.
        fill: What the user writes for a blank such as FOLDER.
    """
    kind, said = str(remedy.lastgroup), remedy[str(remedy.lastgroup)]
    about = re.match(rf"'?({KEY})", message)
    key = about[1] if about else ""
    if kind == "deleted":
        place = Path(message.split()[0] if said in ("the folder", "the file", "it") else said)
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        return list(words)
    if kind == "package":
        return list(words)  # the caller's
    if kind == "flag":
        return [said, *words]
    if kind == "without":
        unwanted = key if said == "it" else said
        left = [word for word in words if unwanted not in (word, _key(word))]
        assert len(left) < len(words), f"{unwanted} was not typed"
        return left
    if kind == "meant":
        (slip,) = (word for word in words if _key(word) == key.lstrip("+~"))
        unknown = message.startswith(f"{key} is unknown")
        fixed = f"{said}={slip.partition('=')[2]}" if unknown else f"{key}={said}"
        return [fixed if word == slip else word for word in words]
    if kind == "choice" and "=" not in said:
        said = f"{key}={said}"
    new = [BLANK.sub(lambda _: fill, word) for word in _split(said, quoted=kind == "quoted")]
    keys = [_key(word) for word in new]
    # A word without a value was what could not be read.
    return [word for word in words if "=" in word and _key(word) not in keys] + new


def distribution_in(package: str, module: str) -> bool:
    """Tell whether what `pip install` is given brings a module."""
    extra = re.fullmatch(r"brain-tumor\[(\w+)\]", package.strip("\"'"))
    if extra is None:
        return package in packages_distributions()[module]
    return bool(brought_by(extra[1]) & {*map(canonicalize_name, packages_distributions()[module])})


def brought_by(extra: str) -> set[str]:
    """Give the distributions that an extra of `pyproject.toml` names."""
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(rf"^{extra} = \[(.*?)\]$", project, re.MULTILINE | re.DOTALL)
    return {canonicalize_name(name) for name in re.findall(r'^ *"([\w-]+)', listed, re.MULTILINE)}


def _split(said: str, quoted: bool) -> list[str]:
    return [said] if quoted else shlex.split(said)


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+~")
