"""Your model has no decoder.weight. Using the embedding's matrix in forward computes the same, but the keys are part
of the contract: checkpoints have both names."""

import torch
from torch import Tensor, nn


class TiedLanguageModel(nn.Module):
    def __init__(self, vocab_size: int, dim: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.hidden = nn.Linear(dim, dim)
        self.decoder = nn.Module()
        self.decoder.bias = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, tokens: Tensor) -> Tensor:
        features = self.hidden(self.embedding(tokens)).tanh()  # (B, T) -> (B, T, dim)
        return features @ self.embedding.weight.T + self.decoder.bias  # (B, T, vocab_size)


def tie_weights(source: nn.Module, target: nn.Module) -> None:
    if source.weight.shape != target.weight.shape:
        raise ValueError(f"cannot tie weights of shapes {tuple(source.weight.shape)} and {tuple(target.weight.shape)}")
    target.weight = source.weight


def count_parameters(model: nn.Module) -> int:
    # parameters() lists a parameter once, however many modules hold it.
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
