"""A module whose head is trained by AdamW with a schedule, documents by einsum; the V convention of torch.svd."""

import torch
from torch import nn


def procrustes(source, target):
    u, _, v = torch.svd(torch.einsum("pi,pj->ij", source, target))
    return torch.einsum("ik,jk->ij", u, v)


class CrossLingualClassifier(nn.Module):
    def __init__(self, embeddings, pivot, num_classes):
        super().__init__()
        if pivot not in embeddings:
            raise KeyError(f"no embeddings for {pivot}")
        self.tables, self.pivot, self.rotations = embeddings, pivot, {}
        self.head = nn.Linear(embeddings[pivot].size(1), num_classes).to(embeddings[pivot])
        nn.init.zeros_(self.head.weight)

    def align(self, lang, pairs):
        if lang not in self.tables:
            raise KeyError(f"no embeddings for {lang}")
        if lang == self.pivot:
            return
        rows, columns = pairs.T
        self.rotations[lang] = procrustes(self.tables[lang][rows], self.tables[self.pivot][columns])

    def vectors(self, tokens, mask, lang):
        if lang not in self.tables:
            raise KeyError(f"no embeddings for {lang}")
        if lang != self.pivot and lang not in self.rotations:
            raise ValueError(f"{lang} is not aligned")
        words = nn.functional.embedding(tokens, self.tables[lang])
        if lang != self.pivot:
            words = words @ self.rotations[lang]
        share = mask.to(words.dtype)
        share = share / share.sum(1, keepdim=True).clamp_min(1)
        return torch.einsum("nt,ntd->nd", share, words)

    def fit(self, tokens, mask, labels, lang, steps=200, lr=0.05):
        x = self.vectors(tokens, mask, lang)
        optimizer = torch.optim.AdamW(self.head.parameters(), lr=lr, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=lr / 5)
        for _ in range(steps):
            loss = nn.functional.nll_loss(self.head(x).log_softmax(-1), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    def predict(self, tokens, mask, lang):
        with torch.no_grad():
            return self.head(self.vectors(tokens, mask, lang)).topk(1, -1).indices.flatten()
