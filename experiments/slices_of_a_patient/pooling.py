"""Ways from the features of a patient's slices to one answer.

All take the features of N scans and which of B patients each shows, and give log-probabilities
`(B, classes)`. All are the transfer model's head, and differ in where they pool.
"""

import torch
from torch import Tensor, nn


def mean_of_each(values: Tensor, patient: Tensor) -> Tensor:
    """Average the values of each patient's scans.

    Args:
        values: `(N, K)`, float.
        patient: Number of each scan's patient, `(N,)`, int64, 0 to B - 1; each occurs.

    Returns:
        `(B, K)`.
    """
    sums = values.new_zeros(int(patient.max()) + 1, values.shape[1]).index_add(0, patient, values)
    return sums / torch.bincount(patient)[:, None]


class MeanOfAnswers(nn.Module):
    """Answer every slice by itself, and average the log-probabilities, as `compare` does.

    Args:
        head: Of the transfer model: a hidden layer, ReLU, dropout, a linear layer.
    """

    def __init__(self, head: nn.Sequential) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: Tensor, patient: Tensor) -> Tensor:
        """See the module."""
        answers = self.head(features).log_softmax(dim=1)
        return mean_of_each(answers, patient).log_softmax(dim=1)


class MeanOfFeatures(nn.Module):
    """Average what the hidden layer makes of the slices, and answer once.

    Args:
        head: As of `MeanOfAnswers`.
    """

    def __init__(self, head: nn.Sequential) -> None:
        super().__init__()
        self.embed, self.answer = head[:2], head[2:]

    def forward(self, features: Tensor, patient: Tensor) -> Tensor:
        """See the module."""
        logits: Tensor = self.answer(mean_of_each(self.embed(features), patient))
        return logits.log_softmax(dim=1)


class GatedAttention(nn.Module):
    """Average what the hidden layer makes of the slices, each as much as attention says.

    Attention-based multiple instance learning with its gate (Ilse, Tomczak and Welling, 2018, arXiv
    1802.04712, equations 7 and 9): slice k of a patient has the embedding h_k and the weight
    softmax over k of w(tanh(V h_k) * sigmoid(U h_k)).

    Args:
        head: As of `MeanOfAnswers`.
        width: Rows of V and U.
    """

    def __init__(self, head: nn.Sequential, width: int = 64) -> None:
        super().__init__()
        self.embed, self.answer = head[:2], head[2:]
        hidden = head[0].out_features
        assert isinstance(hidden, int), "a linear layer begins"
        self.content, self.gate = nn.Linear(hidden, width), nn.Linear(hidden, width)
        self.score = nn.Linear(width, 1)

    def weights(self, embedded: Tensor, patient: Tensor) -> Tensor:
        """Give the weight of each slice, `(N,)`, above 0; those of a patient add up to 1."""
        content, gate = self.content(embedded).tanh(), self.gate(embedded).sigmoid()
        score = self.score(content * gate)[:, 0]
        shares = (score - score.detach().max()).exp()
        sums = shares.new_zeros(int(patient.max()) + 1).index_add(0, patient, shares)
        weights: Tensor = shares / sums[patient]
        return weights

    def forward(self, features: Tensor, patient: Tensor) -> Tensor:
        """See the module."""
        embedded = self.embed(features)
        weighted = self.weights(embedded, patient)[:, None] * embedded
        pooled = embedded.new_zeros(int(patient.max()) + 1, embedded.shape[1])
        logits: Tensor = self.answer(pooled.index_add(0, patient, weighted))
        return logits.log_softmax(dim=1)


class MonaiAttention(nn.Module):
    """Average what the hidden layer makes of the slices, as MONAI's attention says.

    Its `MILModel(mil_mode="att")`, 2,048 units wide and without a gate, between the two layers of
    the head (the extra `monai`). It takes one patient at a time.

    Args:
        head: As of `MeanOfAnswers`.
    """

    def __init__(self, head: nn.Sequential) -> None:
        super().__init__()
        from monai.networks.nets.milmodel import MILModel

        hidden, answer = head[0].out_features, head[-1]
        assert isinstance(hidden, int) and isinstance(answer, nn.Linear), "linear at both ends"
        embed = nn.Sequential(nn.Flatten(), *head[:2])  # MONAI hands over pictures: (N, K, 1, 1)
        self.model = MILModel(answer.out_features, "att", False, embed, hidden)
        self.model.myfc = head[2:]  # type: ignore[assignment]  # with dropout, as the other ways

    def forward(self, features: Tensor, patient: Tensor) -> Tensor:
        """See the module."""
        pictures = features[:, :, None, None]
        each = [self.model(pictures[patient == one][None]) for one in range(int(patient.max()) + 1)]
        return torch.cat(each).log_softmax(dim=1)
