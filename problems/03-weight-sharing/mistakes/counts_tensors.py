"""You count parameter tensors. The number of scalars in them is asked for: numel()."""

from torch import Tensor, nn


class TiedLanguageModel(nn.Module):
    def __init__(self, vocab_size: int, dim: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.hidden = nn.Linear(dim, dim)
        self.decoder = nn.Linear(dim, vocab_size)  # its weight is (vocab_size, dim), as the embedding's
        tie_weights(self.embedding, self.decoder)

    def forward(self, tokens: Tensor) -> Tensor:
        features = self.hidden(self.embedding(tokens)).tanh()  # (B, T) -> (B, T, dim)
        return self.decoder(features)  # (B, T, vocab_size)


def tie_weights(source: nn.Module, target: nn.Module) -> None:
    if source.weight.shape != target.weight.shape:
        raise ValueError(f"cannot tie weights of shapes {tuple(source.weight.shape)} and {tuple(target.weight.shape)}")
    target.weight = source.weight


def count_parameters(model: nn.Module) -> int:
    # parameters() lists a parameter once, however many modules hold it.
    return sum(1 for parameter in model.parameters() if parameter.requires_grad)
