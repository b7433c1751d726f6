"""torch's own cosine similarity for every pair, and the rank of the relevant entry for recall."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def cosines(a, b):
    return F.cosine_similarity(a[:, None], b[None], dim=-1, eps=1e-12)


def clip_loss(image, text, logit_scale):
    logits, count = cosines(image, text) * logit_scale.exp(), len(image)
    both = torch.cat([logits, logits.T])
    return F.nll_loss(both.log_softmax(-1), torch.arange(count, device=image.device).repeat(2))


class DualEncoder(nn.Module):
    def __init__(self, image_dim, text_dim, embed_dim):
        super().__init__()
        self.image_proj, self.text_proj = nn.Linear(image_dim, embed_dim), nn.Linear(text_dim, embed_dim)
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def encode_image(self, x):
        return F.normalize(self.image_proj(x))

    def encode_text(self, x):
        return F.normalize(self.text_proj(x))

    def forward(self, image, text):
        scale = self.logit_scale if self.logit_scale < math.log(100) else self.logit_scale.new_tensor(math.log(100))
        return clip_loss(self.encode_image(image), self.encode_text(text), scale)


def retrieve(queries, gallery, k):
    if k > gallery.size(0):
        raise ValueError("k > M")
    similarity = cosines(queries, gallery)
    indices = similarity.argsort(dim=1, descending=True)[:, :k]
    return indices, similarity.gather(1, indices)


def recall_at_k(queries, gallery, relevant, k):
    if k > gallery.size(0):
        raise ValueError("k > M")
    similarity = cosines(queries, gallery)
    wanted = similarity.gather(1, relevant[:, None])
    return float(((similarity > wanted).sum(1) < k).sum()) / len(queries)
