"""Short words that people type, and the configured value that each stands for."""

from collections.abc import Sequence

_TRAINING = {
    "lr": "optimizer.lr",
    "epochs": "trainer.max_epochs",
    "batch_size": "data.batch_size",
    "device": "trainer.accelerator",
}
_SCORING = {"device": "accelerator"}

# By command. `seed`, and `batch_size` elsewhere, are values of their own and need no alias.
ALIASES = {
    **dict.fromkeys(("train", "tune", "doctor"), _TRAINING),
    **dict.fromkeys(("evaluate", "predict", "app"), _SCORING),
}


def expand(command: str, words: Sequence[str]) -> list[str]:
    """Write what was typed with the whole keys; other words stay as they are.

    Example:
        >>> expand("train", ["model=gbmnet", "lr=1e-3,1e-4", "-m"])
        ['model=gbmnet', 'optimizer.lr=1e-3,1e-4', '-m']
    """
    known = ALIASES.get(command, {})
    parted = (word.partition("=") for word in words)
    return [
        f"{known.get(key, key) if equals else key}{equals}{rest}" for key, equals, rest in parted
    ]
