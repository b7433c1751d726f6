"""Contrastive training of two encoders on pairs (CLIP: Radford et al., 2021, figure 3), retrieval and recall."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def clip_loss(image: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
    # F.normalize divides rows by max(length, 1e-12): a vector of zeros stays one, with finite gradients.
    logits = logit_scale.exp() * F.normalize(image) @ F.normalize(text).T  # (N, N): image by text
    pairs = torch.arange(len(logits), device=logits.device)  # image i belongs to text i
    return (F.cross_entropy(logits, pairs) + F.cross_entropy(logits.T, pairs)) / 2


class DualEncoder(nn.Module):
    def __init__(self, image_dim: int, text_dim: int, embed_dim: int):
        super().__init__()
        self.image_proj = nn.Linear(image_dim, embed_dim)
        self.text_proj = nn.Linear(text_dim, embed_dim)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def encode_image(self, x: Tensor) -> Tensor:
        return F.normalize(self.image_proj(x))  # (N, image_dim) -> (N, embed_dim)

    def encode_text(self, x: Tensor) -> Tensor:
        return F.normalize(self.text_proj(x))

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        scale = self.logit_scale.clamp(max=math.log(100))
        return clip_loss(self.encode_image(image), self.encode_text(text), scale)


def retrieve(queries: Tensor, gallery: Tensor, k: int) -> tuple[Tensor, Tensor]:
    if k > len(gallery):
        raise ValueError(f"k is {k}, but the gallery has only {len(gallery)} entries")
    similarity = F.normalize(queries) @ F.normalize(gallery).T  # (N, M)
    scores, indices = similarity.topk(k)
    return indices, scores


def recall_at_k(queries: Tensor, gallery: Tensor, relevant: Tensor, k: int) -> float:
    indices, _ = retrieve(queries, gallery, k)
    found = (indices == relevant[:, None]).any(1)  # (N, k) -> (N,)
    return found.double().mean().item()
