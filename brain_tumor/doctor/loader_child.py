"""In a process of its own: do loader processes start, and does a batch come back from them?"""

import time
from functools import partial
from typing import Any

from brain_tumor.doctor.child import answer, job


def look_at_loader(workers: int, patience: float) -> dict[str, Any]:
    """Serve rows of scans through loader processes, as training does.

    Args:
        workers: How many processes.
        patience: Seconds that torch waits for a batch before it raises.
    """
    import numpy as np
    from torch.utils.data import DataLoader

    from brain_tumor.data.datamodule import BatchOrder, RowBatches

    begun = time.perf_counter()
    order = BatchOrder(np.arange(64), 16, seed=0)
    loader = DataLoader(
        RowBatches(), batch_size=None, sampler=order, num_workers=workers, timeout=patience
    )
    rows = sorted(int(row) for share, _ in loader for row in share)
    return {"whole": rows == list(range(64)), "seconds": time.perf_counter() - begun}


# A worker of macOS and Windows imports this file anew: without the guard it would ask itself again.
if __name__ == "__main__":
    asked = job()
    answer({"batches": partial(look_at_loader, asked["workers"], asked["patience"])})
