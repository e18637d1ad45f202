"""`brain-tumor COMMAND`, or `python -m brain_tumor COMMAND`: every command under one name."""

import runpy
import sys

from brain_tumor import __version__
from brain_tumor.errors import suggest

# In the order in which someone needs them.
COMMANDS = {
    "doctor": "would a training run on this machine?",
    "audit": "what is wrong with a data set: copies, leakage, shortcuts",
    "prepare": "crop and dedupe raw scans, and show how they are split",
    "train": "prepare, train and score a network",
    "tune": "search hyperparameters by validation scores",
    "evaluate": "score a run again, or on scans of another origin",
    "compare": "finished runs side by side, folds pooled",
    "predict": "new scans: classes, probabilities, what not to believe",
    "export": "a run as one file for other programs",
    "app": "a page on this machine to try a network",
}
COMPLETION, SHELLS, WORDS = "completion", ("bash", "zsh", "fish"), "words"
HELP, VERSION = ("-h", "--help", "help"), ("-V", "--version")


def main() -> None:
    """Run the command that is named, as `python -m brain_tumor.COMMAND` does; list them for none.

    Nothing else is imported to list them, so that this takes no time.
    """
    words = sys.argv[1:]
    name = words[0] if words else "help"
    if name in COMMANDS:
        del sys.argv[1]
        # As Python itself does it: processes that Lightning or joblib start know how to start.
        runpy.run_module(f"brain_tumor.{name}", run_name="__main__", alter_sys=True)
    elif name == COMPLETION:
        _complete(words[1:])
    elif name in HELP:
        print(_listed())
    elif name in VERSION:
        print(f"brain-tumor {__version__}")
    elif "=" in name:
        _refuse(f"{name} belongs behind a command: write brain-tumor train {name}")
    else:
        _refuse(f"{name} is no command: {suggest(name, [*COMMANDS, COMPLETION], limit=20)}")


def _listed() -> str:
    lines = [f"  {name:10} {purpose}" for name, purpose in COMMANDS.items()]
    return "\n".join(
        [
            f"brain-tumor {__version__}: train and score classifiers of brain MRI scans.",
            "For research, not for diagnosis.",
            "",
            *lines,
            f"  {COMPLETION:10} Tab completion: {'|'.join(SHELLS)}",
            "",
            "brain-tumor COMMAND --help says what can be chosen. Nothing to download:",
            "",
            "  brain-tumor train experiment=demo",
            "  brain-tumor evaluate run=last",
        ]
    )


def _complete(words: list[str]) -> None:
    """Print a shell's script, or what the end of a command line may become."""
    if words[:1] == [WORDS]:
        name, blank, rest = words[1].partition(" ")[2].lstrip().partition(" ")
        if not blank:
            found = [f"{one} " for one in (*COMMANDS, COMPLETION) if one.startswith(name)]
        elif name == COMPLETION:
            found = [one for one in SHELLS if one.startswith(rest)]
        elif name in COMMANDS:
            from brain_tumor.cli.completion import candidates

            found = candidates(name, rest)
        else:
            found = []
        print("\n".join(one.rstrip() for one in found))
    elif len(words) == 1 and words[0] in SHELLS:
        from brain_tumor.cli.completion import SCRIPTS

        print(SCRIPTS[words[0]].strip())
    else:
        _refuse(
            f"{COMPLETION} needs the name of your shell, {', '.join(SHELLS)}: put "
            f'eval "$(brain-tumor {COMPLETION} bash)" into ~/.bashrc, the like into ~/.zshrc, or '
            f"brain-tumor {COMPLETION} fish | source into ~/.config/fish/config.fish"
        )


def _refuse(message: str) -> None:
    print(f"brain_tumor: {message}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
