"""The report's two networks as a notebook would write them, layer by layer."""

from torch import nn
from torchvision.models import mobilenet_v2


def gbmnet(classes: int, width: int, dropout: float) -> nn.Sequential:
    """Build the report's own network: four times convolution, normalisation, ReLU and pooling.

    Args:
        classes: Number of classes.
        width: Neurons of the hidden layer.
        dropout: Share of them dropped in training.
    """
    layers: list[nn.Module] = []
    for before, after in ((1, 8), (8, 16), (16, 32), (32, 64)):
        layers += [
            nn.Conv2d(before, after, kernel_size=3, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    head = [nn.Flatten(), nn.Linear(64 * 16 * 16, width), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, *head, nn.Linear(width, classes))


def mobilenetv2(classes: int, width: int, dropout: float) -> nn.Module:
    """Take torchvision's network, freeze its features, and give it a new head.

    Args:
        classes: Number of classes.
        width: Neurons of the head's hidden layer.
        dropout: Share of them dropped in training.
    """
    network: nn.Module = mobilenet_v2(weights=None)
    for parameter in network.parameters():
        parameter.requires_grad = False
    network.classifier = nn.Sequential(
        nn.Linear(1280, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, classes)
    )
    return network
