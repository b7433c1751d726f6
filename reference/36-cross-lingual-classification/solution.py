"""Zero-shot cross-lingual classification over aligned word embeddings (Conneau et al., 2018; Schoenemann, 1966).

With the singular value decomposition source^T target = U S V^T, W = U V^T is the orthogonal matrix that minimises
|source W - target|.
"""

import torch
import torch.nn.functional as F
from torch import LongTensor, Tensor, nn


def procrustes(source: Tensor, target: Tensor) -> Tensor:
    u, _, vh = torch.linalg.svd(source.T @ target)  # (D, P) @ (P, D) -> (D, D)
    return u @ vh


class CrossLingualClassifier:
    def __init__(self, embeddings: dict[str, Tensor], pivot: str, num_classes: int):
        vectors = embeddings[pivot]  # KeyError where there are none
        self.embeddings, self.pivot = embeddings, pivot
        self.maps = {pivot: torch.eye(vectors.shape[1], dtype=vectors.dtype, device=vectors.device)}
        self.head = nn.Linear(vectors.shape[1], num_classes, dtype=vectors.dtype, device=vectors.device)

    def align(self, lang: str, pairs: LongTensor) -> None:
        vectors = self.embeddings[lang]
        if lang != self.pivot:
            self.maps[lang] = procrustes(vectors[pairs[:, 0]], self.embeddings[self.pivot][pairs[:, 1]])

    def documents(self, tokens: LongTensor, mask: Tensor, lang: str) -> Tensor:
        """The mean of each document's real words, in the pivot's space; 0 where there is no real word."""
        vectors = self.embeddings[lang]
        if lang not in self.maps:
            raise ValueError(f"{lang!r} has not been aligned with {self.pivot!r}")
        words = vectors[tokens].masked_fill(~mask.unsqueeze(-1), 0.0)  # (N, T, D)
        mean = words.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)  # (N, D)
        return mean @ self.maps[lang]

    def fit(
        self, tokens: LongTensor, mask: Tensor, labels: LongTensor, lang: str, steps: int = 200, lr: float = 0.05
    ) -> None:
        documents = self.documents(tokens, mask, lang)
        optimizer = torch.optim.Adam(self.head.parameters(), lr=lr)
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(self.head(documents), labels).backward()
            optimizer.step()

    @torch.no_grad()
    def predict(self, tokens: LongTensor, mask: Tensor, lang: str) -> LongTensor:
        return self.head(self.documents(tokens, mask, lang)).argmax(-1)
