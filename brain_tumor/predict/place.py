"""Where a run lies: a path, `demo` for the demo's run, or an address of the Hugging Face hub."""

import os
import re
from pathlib import Path

from brain_tumor.cli.from_python import configured
from brain_tumor.cli.last_run import RUNS, newest_finished
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.export.release import MODEL

DEMO = "demo"  # a folder of that name is meant by `./demo`
DEMO_RUNS = RUNS / "demo"  # where `experiment=demo` puts them
HUB = "hf://"
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def run_place(run: str, accelerator: str = "auto") -> Path:
    """Give a run's path; of `demo`, the newest finished demo run, trained now if there is none.

    The ONNX file of `hf://OWNER/NAME` is fetched.
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


def fetch_model(address: str) -> Path:
    """Fetch the ONNX file of a release, and nothing else of it, into the hub's cache.

    `address` is `hf://OWNER/NAME`, or `hf://OWNER/NAME@REVISION`. A model that is there is not
    fetched. DataError where it cannot be fetched, or holds no such file.
    """
    name, at, revision = address.removeprefix(HUB).partition("@")
    if not _NAME.fullmatch(name) or (at and not revision):
        raise ConfigError(
            f"run={address} names no model: write hf://OWNER/NAME or hf://OWNER/NAME@REVISION"
        )
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ConfigError(
            "Models of the Hugging Face hub need huggingface_hub: pip install 'brain-tumor[hub]'."
        ) from error
    try:
        folder = snapshot_download(name, revision=revision or None, allow_patterns=[MODEL])
    except Exception as error:  # of the hub, of the network library and of the disk
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DataError(
            f"{address} cannot be fetched ({reason}): look at the name and at the network."
        ) from error
    file = Path(folder, MODEL)
    if not file.is_file():
        raise DataError(
            f"{address} holds no {MODEL}: make a release with `make release-checkpoint`, and "
            "upload that folder."
        )
    return file
