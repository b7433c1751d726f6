import torch
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """Linear, ReLU, Linear to a code and back, with a sigmoid on the output.

    The linear layers are encoder.0, encoder.2, decoder.0 and decoder.2:
    input_dim -> hidden_dim -> code_dim -> hidden_dim -> input_dim.
    """

    def __init__(self, input_dim: int, hidden_dim: int, code_dim: int):
        super().__init__()
        raise NotImplementedError

    def encode(self, x: Tensor) -> Tensor:
        """(N, ...) with input_dim numbers a sample -> (N, code_dim)."""
        raise NotImplementedError

    def decode(self, code: Tensor) -> Tensor:
        """(N, code_dim) -> (N, input_dim), between 0 and 1."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction of x: (N, ...) -> the same shape."""
        raise NotImplementedError


def train_autoencoder(
    model: nn.Module,
    data: Tensor,
    epochs: int,
    batch_size: int,
    lr: float,
    noise_std: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[float]:
    """Adam on the mean squared error between model(batch) and the batch.

    model: maps (n, ...) to the same shape; its mode is left alone. data: (N, ...), newly shuffled each epoch and cut
    into batches of batch_size, the last one may be smaller. noise_std: standard deviation of the Gaussian noise that is
    added to the inputs, while the target stays clean. generator: of the shuffling and of the noise (None: torch's
    global one). Returns one loss an epoch: the mean over the samples of what each batch gave before its update.
    """
    raise NotImplementedError


if __name__ == "__main__":
    torch.manual_seed(0)
    data = torch.rand(64, 1) * torch.ones(64, 2, 4)  # 64 images of one grey each
    model = Autoencoder(8, 16, 1)
    losses = train_autoencoder(model, data, epochs=30, batch_size=16, lr=0.01)
    print(losses[0], losses[-1])  # expected: about 0.09, and less than 0.01
