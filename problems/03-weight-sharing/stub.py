import torch
from torch import Tensor, nn


class TiedLanguageModel(nn.Module):
    """decoder(tanh(hidden(embedding(tokens)))), where decoder.weight is the very parameter embedding.weight.

    Keys: embedding.weight and decoder.weight (vocab_size, dim), hidden.weight (dim, dim), hidden.bias (dim,),
    decoder.bias (vocab_size,), and no others.
    """

    def __init__(self, vocab_size: int, dim: int):
        super().__init__()
        raise NotImplementedError

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: (B, T) int64. Returns logits, (B, T, vocab_size)."""
        raise NotImplementedError


def tie_weights(source: nn.Module, target: nn.Module) -> None:
    """Makes target.weight the very parameter source.weight. Raises ValueError when their shapes differ."""
    raise NotImplementedError


def count_parameters(model: nn.Module) -> int:
    """How many trainable scalars the model has; a parameter that is used several times counts once."""
    raise NotImplementedError


if __name__ == "__main__":
    model = TiedLanguageModel(vocab_size=10, dim=4)
    print(model(torch.tensor([[1, 2, 3]])).shape)  # expected: 1, 3, 10
    print(model.decoder.weight is model.embedding.weight)  # expected: True
    print(count_parameters(model))  # expected: 10 * 4 + (4 * 4 + 4) + 10 = 70
