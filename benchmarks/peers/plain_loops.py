"""Training and scoring as a notebook would write them: plain PyTorch loops."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from benchmarks.peers import plain_networks
from benchmarks.peers.torchvision_chain import Scans, imagenet_input, training_chain
from benchmarks.turns import Turns


def network_and_input(job: dict[str, Any]) -> tuple[nn.Module, list[Any]]:
    """Build the network, and what its input needs beside a tensor of grey values in 0-1."""
    model = job["model"]
    build = getattr(plain_networks, model["name"])
    network = build(job["classes"], model["width"], model["dropout"])
    return network, imagenet_input(model["input_size"]) if model["name"] == "mobilenetv2" else []


def loader_of(job: dict[str, Any], transform: list[Any], shuffle: bool) -> DataLoader[Any]:
    """Load scans in batches, each scan by its own chain."""
    with np.load(job["arrays"]) as arrays:
        scans = Scans(arrays["images"], arrays["labels"], transforms.Compose(transform))
    return DataLoader(scans, job["batch_size"], shuffle=shuffle, num_workers=job["num_workers"])


def train(job: dict[str, Any], turns: Turns) -> None:
    """Train for a short epoch per turn; the clock runs over the batches in its middle.

    Loader workers have filled their queue by then, and have not yet run out of scans.

    Args:
        job: `model`, `classes`, `arrays`, `ranges`, `size`, `batch_size`, `num_workers`, `lr`;
            `lead` and `steps`, how many batches go before the clock starts and while it runs.
        turns: Tell when.
    """
    torch.manual_seed(0)
    network, extra = network_and_input(job)
    loader = loader_of(job, training_chain(job["ranges"], job["size"]) + extra, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=job["lr"])
    while turns.wait():
        network.train()
        running_loss, correct, scans = 0.0, 0, 0
        for number, (images, labels) in enumerate(loader):
            optimizer.zero_grad()
            outputs = network(images)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * len(labels)
            correct += int((outputs.argmax(dim=1) == labels).sum())
            if number == job["lead"] - 1:
                begun = time.perf_counter()
            elif job["lead"] <= number < job["lead"] + job["steps"]:
                scans += len(labels)
                ended = time.perf_counter()
        turns.done(ended - begun, scans)


def score(job: dict[str, Any], turns: Turns) -> None:
    """Predict all scans once per turn.

    Args:
        job: As for `train`, without `ranges`, `size`, `lr`, `lead` and `steps`.
        turns: Tell when.
    """
    network, extra = network_and_input(job)
    loader = loader_of(job, [transforms.ToTensor(), *extra], shuffle=False)
    while turns.wait():
        begun = time.perf_counter()
        network.eval()
        logits = []
        with torch.no_grad():
            for images, _ in loader:
                logits.append(network(images))
        scans = len(torch.cat(logits))
        turns.done(time.perf_counter() - begun, scans)
