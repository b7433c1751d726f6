import math

import torch
from torch import Tensor, nn


def clip_loss(image: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
    """The symmetric contrastive loss of N pairs, a tensor without dimensions.

    image, text: (N, D), of any lengths; row i of one belongs to row i of the other. logit_scale: without dimensions,
    the logarithm of the factor on the cosines; not capped here. A vector of zeros has cosine 0 with everything, and
    gives finite gradients.
    """
    raise NotImplementedError


class DualEncoder(nn.Module):
    """A linear map for each modality, with the keys image_proj.*, text_proj.* (weight and bias) and logit_scale.

    logit_scale: a parameter without dimensions that starts at log(1 / 0.07).
    """

    def __init__(self, image_dim: int, text_dim: int, embed_dim: int):
        super().__init__()
        raise NotImplementedError

    def encode_image(self, x: Tensor) -> Tensor:
        """x: (N, image_dim). Returns (N, embed_dim), each row of length 1 (zeros stay zeros)."""
        raise NotImplementedError

    def encode_text(self, x: Tensor) -> Tensor:
        """x: (N, text_dim). Returns (N, embed_dim), each row of length 1 (zeros stay zeros)."""
        raise NotImplementedError

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        """The loss of N pairs, with min(logit_scale, log 100) as scale; the parameter itself stays as it is."""
        raise NotImplementedError


def retrieve(queries: Tensor, gallery: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k entries of the gallery with the largest cosines, for each query.

    queries: (N, D), gallery: (M, D). Returns (indices, scores), both (N, k), most similar first: int64, and the
    cosines. Raises ValueError when k > M.
    """
    raise NotImplementedError


def recall_at_k(queries: Tensor, gallery: Tensor, relevant: Tensor, k: int) -> float:
    """The share of queries whose relevant entry is among their k most similar ones.

    queries: (N, D), gallery: (M, D), relevant: (N,) int64, the index in the gallery that belongs to each query. Raises
    ValueError when k > M.
    """
    raise NotImplementedError


if __name__ == "__main__":
    image, text = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    print(clip_loss(image, text, torch.tensor(math.log(math.log(3)))))  # expected: 0.7651
    print(retrieve(image, torch.tensor([[0.0, 5.0], [1.0, 1.0]]), 1))  # expected: 1 and 0; 0.7071 and 1
