"""What Lightning says on every start and no user can act on, left out, each for a reason."""

import logging
import warnings


def hush_lightning() -> None:
    """Silence Lightning's information lines and three warnings."""
    # "GPU available: ...", tips, "max_epochs reached": a run says what matters in its own words.
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Batches are cut from a memory-mapped array; worker processes would only cost start-up.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Frozen features are in evaluation mode on purpose.
    warnings.filterwarnings("ignore", ".*in eval mode at the start of training.*")
    # Lightning 2.6 asks torch's tree utilities in a way that torch 2.15 will drop; theirs to mend.
    warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")
