"""Which work is measured beside which peers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.materials import Materials
from benchmarks.process import Work

OURS = "ours"


@dataclass(frozen=True)
class Peer:
    """Another way to do the work.

    Attributes:
        title: Its name in tables.
        what: What it is.
        work: How it is run.
        needs: Package that it needs and that we do not install; None where there is none.
    """

    title: str
    what: str
    work: Work
    needs: str | None = None


@dataclass(frozen=True)
class Contest:
    """One piece of work, done by us and by others.

    Attributes:
        title: What is done, in a few words.
        inside: What lies inside the clock, on all sides.
        ours: Our side.
        peers: The others, by name.
    """

    title: str
    inside: str
    ours: Work
    peers: Mapping[str, Peer] = field(default_factory=dict)


def contests(materials: Materials) -> dict[str, Callable[[], Contest]]:
    """Give every contest by name; each is laid out when it is called for."""
    return {
        "prepare": lambda: _prepare(materials),
        "prepare_again": lambda: _prepare_again(materials),
        "augment": lambda: _augment(materials),
        "train_gbmnet": lambda: _train(materials, "gbmnet"),
        "train_mobilenetv2": lambda: _train(materials, "mobilenetv2"),
        "score_gbmnet": lambda: _score(materials, "gbmnet"),
        "score_mobilenetv2": lambda: _score(materials, "mobilenetv2"),
        "epoch_mobilenetv2": lambda: _epoch(materials, "mobilenetv2"),
        "help": lambda: _help(materials),
    }


def _ours(materials: Materials, side: str, work: str, job: Mapping[str, object]) -> Work:
    return Work(f"ours.{side}", work, job, materials.config.threads, keep_freed_memory=True)


def _peer(materials: Materials, side: str, work: str, job: Mapping[str, object]) -> Work:
    return Work(f"peers.{side}", work, job, materials.config.threads)


def _prepare(materials: Materials) -> Contest:
    part = materials.raw_part(materials.config.raw_scans)
    job = part.preparing()
    return Contest(
        "prepare",
        "from raw files, which the kernel has in memory, to files on disk; ours also finds copies, "
        "near-duplicates and patients and writes the manifest",
        _ours(part, "preparing", "anew", job),
        {
            "usual_script": Peer(
                "usual script",
                "one scan after the other: cv2.imread, grey, the same head, resize, cv2.imwrite",
                _peer(part, "usual_script", "prepare", job),
            ),
            "colour_decoding": Peer(
                "colour decoding",
                "cv2.imread of every file by two threads, nothing else",
                _peer(part, "colour_decoding", "decode_folder", job),
            ),
        },
    )


def _prepare_again(materials: Materials) -> Contest:
    part = materials.raw_part(materials.config.raw_scans)
    return Contest(
        "prepare again",
        "nothing has changed: seeing that the raw files are the same, and opening the prepared "
        "set; not the start of the process",
        _ours(part, "preparing", "again", part.preparing()),
    )


def _augment(materials: Materials) -> Contest:
    def one_thread(work: Work) -> Work:
        return replace(work, threads=1)

    size = materials.prepared.images.shape[-1]
    job = materials.plain("gbmnet", "train")
    return Contest(
        "augment",
        f"batches of {materials.batch_size}, {size} px, one thread: from uint8 scans in memory "
        "(ours: mapped from the prepared set) to a batch of floats",
        one_thread(_ours(materials, "augmenting", "batches", materials.training("gbmnet"))),
        {
            "torchvision_chain": Peer(
                "torchvision chain",
                "torchvision's transforms on one PIL image at a time, in a DataLoader",
                one_thread(_peer(materials, "torchvision_chain", "batches", job)),
            ),
            "kornia": Peer(
                "Kornia",
                "its operations on whole batches",
                one_thread(_peer(materials, "kornia_batch", "batches", job)),
                "kornia",
            ),
        },
    )


def _train(materials: Materials, model: str) -> Contest:
    plain = materials.plain(model, "train")
    workers = int(materials.config.peer_workers)
    with_workers = plain | {"num_workers": workers}
    ours = materials.training(model)
    peers = {
        "plain_loop": Peer(
            "plain loop",
            "plain PyTorch, the torchvision chain in a DataLoader without workers",
            _peer(materials, "plain_loops", "train", plain),
        ),
        "plain_loop_workers": Peer(
            f"plain loop, {workers} workers",
            "the same with loader workers",
            _peer(materials, "plain_loops", "train", with_workers),
        ),
    }
    if model == "gbmnet":
        peers["bare_step"] = Peer(
            "own bare step",
            "our own network on one batch again and again: forward, loss, backward, optimizer",
            _ours(materials, "training", "bare_steps", ours),
        )
    return Contest(
        f"train {model}",
        f"batches of {materials.batch_size} in the middle of an epoch: loading, augmentation, "
        "step, running scores; ours through Lightning's Trainer with all configured callbacks "
        "and loggers",
        _ours(materials, "training", "epochs", ours),
        peers,
    )


def _score(materials: Materials, model: str) -> Contest:
    plain = materials.plain(model, "test")
    return Contest(
        f"score {model}",
        f"batches of {materials.batch_size}: from uint8 scans in memory (ours: mapped) to the "
        "logits of all of them, the network loaded",
        _ours(materials, "scoring", "test_part", materials.training(model)),
        {
            "plain_loop": Peer(
                "plain loop",
                "plain PyTorch under no_grad, ToTensor in a DataLoader without workers",
                _peer(materials, "plain_loops", "score", plain),
            )
        },
    )


def _epoch(materials: Materials, model: str) -> Contest:
    job = materials.epochs(model)
    workers = job["num_workers"]
    peers = {
        "lightning_template": Peer(
            "Lightning template",
            "Lightning as lightning-hydra-template uses it: ImageFolder, the torchvision chain in "
            f"{workers} loader workers, torchmetrics, CSVLogger, ModelCheckpoint",
            _peer(materials, "lightning_template", "train", job),
        ),
        "timm": Peer(
            "timm",
            f"its network, datasets and loaders ({workers} workers, its own augmentation) in a "
            "loop like its training script's",
            _peer(materials, "timm_script", "train", job),
            "timm",
        ),
        "fastai": Peer(
            "fastai",
            f"its Learner on torchvision's network, {workers} workers, aug_transforms",
            _peer(materials, "fastai_learner", "train", job),
            "fastai",
        ),
        "ultralytics": Peer(
            "ultralytics",
            "YOLO(...).train with torchvision's network as backbone and its own augmentation; on a "
            "processor it uses no workers",
            _peer(materials, "ultralytics_classify", "train", job),
            "ultralytics",
        ),
    }
    return Contest(
        f"epoch {model}",
        f"a whole epoch in batches of {materials.batch_size}, features frozen and random, with the "
        "validation after it and all that a side writes; per training scan; ours from a prepared "
        "set, the others from the raw files, as they are made to; each side augments in its own "
        "way",
        _ours(materials, "training", "whole_epochs", job),
        peers,
    )


def _help(materials: Materials) -> Contest:
    return Contest(
        "train --help",
        "python -m brain_tumor.train --help, from the start of its process to its end",
        Work("ours.starting", "help_text", {}),
    )
