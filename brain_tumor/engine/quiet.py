"""What libraries say that no user can act on, left out, each for a reason."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


def hush_lightning() -> None:
    """Silence Lightning's information lines and warnings that no user can act on."""
    # "GPU available: ...", tips, "max_epochs reached": a run says what matters in its own words.
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # MLflow tells of every table that it makes; W&B of its version and of its web page.
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("WANDB_SILENT", "true")
    logging.getLogger("lightning.pytorch.loggers.mlflow").setLevel(logging.ERROR)
    # Batches are cut from a memory-mapped array; worker processes would only cost start-up.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Frozen features are in evaluation mode on purpose.
    warnings.filterwarnings("ignore", ".*in eval mode at the start of training.*")
    # A run that goes on has checkpoints in its folder, and renames its old last.ckpt aside.
    warnings.filterwarnings("ignore", ".*Checkpoint directory .* exists and is not empty.*")
    # Scores and losses are gathered over processes before they are logged.
    warnings.filterwarnings("ignore", ".*It is recommended to use .self.log.*sync_dist=True.*")
    # torch 2.15 has another name for it, which torch 2.11 does not know.
    warnings.filterwarnings("ignore", ".*broadcast_buffers. is deprecated.*")
    # The first convolution has one input channel: its weights lie the same way by either stride.
    warnings.filterwarnings("ignore", ".*Grad strides do not match bucket view strides.*")
    # Lightning 2.6 asks torch's tree utilities in a way that torch 2.15 will drop; theirs to mend.
    warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")


@contextmanager
def hushed(*names: str) -> Iterator[None]:
    """Let no logger of these names speak, and nobody warn, for a while.

    What goes wrong is raised, and told in our own words.
    """
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            logger = logging.getLogger(name)
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL)
        yield
