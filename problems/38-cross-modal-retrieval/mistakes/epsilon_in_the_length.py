"""You add a small number to each length. Then no vector has length 1 exactly, and short ones, of length 1e-6, hardly
half. Only a length of 0 needs care."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def unit(x: Tensor) -> Tensor:
    return x / (x.norm(dim=-1, keepdim=True) + 1e-6)


def clip_loss(image: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
    logits = logit_scale.exp() * unit(image) @ unit(text).T  # (N, N): image by text
    pairs = torch.arange(len(logits), device=logits.device)  # image i belongs to text i
    return (F.cross_entropy(logits, pairs) + F.cross_entropy(logits.T, pairs)) / 2


class DualEncoder(nn.Module):
    def __init__(self, image_dim: int, text_dim: int, embed_dim: int):
        super().__init__()
        self.image_proj = nn.Linear(image_dim, embed_dim)
        self.text_proj = nn.Linear(text_dim, embed_dim)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def encode_image(self, x: Tensor) -> Tensor:
        return unit(self.image_proj(x))  # (N, image_dim) -> (N, embed_dim)

    def encode_text(self, x: Tensor) -> Tensor:
        return unit(self.text_proj(x))

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        scale = self.logit_scale.clamp(max=math.log(100))
        return clip_loss(self.encode_image(image), self.encode_text(text), scale)


def retrieve(queries: Tensor, gallery: Tensor, k: int) -> tuple[Tensor, Tensor]:
    if k > len(gallery):
        raise ValueError(f"k is {k}, but the gallery has only {len(gallery)} entries")
    similarity = unit(queries) @ unit(gallery).T  # (N, M)
    scores, indices = similarity.topk(k, dim=-1)
    return indices, scores


def recall_at_k(queries: Tensor, gallery: Tensor, relevant: Tensor, k: int) -> float:
    indices, _ = retrieve(queries, gallery, k)
    found = (indices == relevant[:, None]).any(-1)  # (N, k) -> (N,)
    return found.double().mean().item()
