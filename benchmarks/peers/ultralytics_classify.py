"""Training with ultralytics: YOLO(...).train for classification, torchvision's network in it."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.turns import Turns

NETWORK = """
nc: {classes}
backbone:
  - [-1, 1, TorchVision, [1280, mobilenet_v2, null, true, 1]]
head:
  - [-1, 1, Classify, [nc]]
"""


def train(job: dict[str, Any], turns: Turns) -> None:
    """Train from raw files, a whole epoch per turn.

    Args:
        job: As for `lightning_template.train`.
        turns: Tell when.
    """
    place = Path(tempfile.mkdtemp(dir=job["scratch"]))
    os.environ["YOLO_CONFIG_DIR"] = str(place)  # else it writes to the user's home
    os.environ["YOLO_OFFLINE"] = "true"
    from ultralytics import YOLO, settings  # reads both when it is imported

    settings.update({"mlflow": False, "tensorboard": False})

    (place / "scans").mkdir()
    for name, part in (("train", "Training"), ("val", "Testing")):
        (place / "scans" / name).symlink_to(Path(job["folder"]) / part)
    scans = sum(path.is_file() for path in (place / "scans" / "train").glob("*/*"))
    network = place / "mobilenetv2-cls.yaml"
    network.write_text(NETWORK.format(classes=job["classes"]), encoding="utf-8")
    model = YOLO(str(network), task="classify", verbose=False)
    begun = [0.0]

    def wait(trainer: Any) -> None:
        turns.wait()
        begun[:] = [time.perf_counter()]

    def tell(trainer: Any) -> None:
        if begun:  # it is called once more at the end, for the best checkpoint
            seconds = time.perf_counter() - begun.pop()
            turns.done(seconds, scans, first=turns.first(seconds))

    model.add_callback("on_train_epoch_start", wait)
    model.add_callback("on_fit_epoch_end", tell)
    model.train(
        data=str(place / "scans"),
        epochs=job["turns"],
        imgsz=job["model"]["input_size"],
        batch=job["batch_size"],
        workers=job["num_workers"],
        freeze=1,
        dropout=job["model"]["dropout"],
        optimizer="Adam",
        lr0=job["lr"],
        device="cpu",
        project=str(place),
        verbose=False,
        plots=False,  # for which it would fetch a font
    )
