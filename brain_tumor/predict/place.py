"""Where a run lies: a path, `demo` for the demo's run, or an address of the Hugging Face hub."""

from pathlib import Path

from brain_tumor.cli.from_python import configured
from brain_tumor.cli.last_run import RUNS, newest_finished
from brain_tumor.errors import DataError
from brain_tumor.predict.hub import HUB, fetch_model

DEMO = "demo"  # a folder of that name is meant by `./demo`
DEMO_RUNS = RUNS / "demo"  # where `experiment=demo` puts them


def run_place(run: str, accelerator: str = "auto") -> Path:
    """Give a run's path; of `demo`, the newest finished demo run, trained now if there is none.

    Args:
        run: A path, `demo`, or `hf://OWNER/NAME`, whose ONNX file is fetched.
        accelerator: Lightning's name of the device kind to train on.

    Raises:
        BrainTumorError: The demo cannot be trained, or the file not be fetched.
    """
    if run.startswith(HUB):
        return fetch_model(run)
    if run != DEMO:
        return Path(run)
    try:
        found = newest_finished(DEMO_RUNS)
    except DataError:
        print(
            f"run={DEMO}: there is no demo run below {DEMO_RUNS}/ yet. Training one on drawn "
            "phantoms, this once: about two minutes on a processor.",
            flush=True,
        )
        _train(accelerator)
        found = newest_finished(DEMO_RUNS)
    print(f"run={DEMO} is {found}, trained on phantoms: what it says of real scans means nothing")
    return found


def _train(accelerator: str) -> None:
    from brain_tumor.train.train import train

    with configured("train", [f"experiment={DEMO}", f"trainer={accelerator}"]) as config:
        train(config)
