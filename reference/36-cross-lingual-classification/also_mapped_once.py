"""Words are mapped when a language is aligned, documents by a product of counts; the head is a plain matrix, no nn.

The decomposition comes from numpy, and the classifier minimises its cross-entropy by L-BFGS.
"""

import numpy as np
import torch


def procrustes(source, target):
    left, _, right = np.linalg.svd(target.detach().cpu().numpy().T @ source.detach().cpu().numpy())
    return torch.from_numpy((left @ right).T.copy()).to(source)


class CrossLingualClassifier:
    def __init__(self, embeddings, pivot, num_classes):
        self.raw = dict(embeddings)
        self.pivot, self.classes = pivot, num_classes
        self.aligned = {pivot: self.raw[pivot]}
        self.weights = None

    def align(self, lang, pairs):
        here, there = self.raw[lang], self.raw[self.pivot]
        if lang == self.pivot:
            return
        left, right = pairs.unbind(1)
        self.aligned[lang] = here @ procrustes(here.index_select(0, left), there.index_select(0, right))

    def features(self, tokens, mask, lang):
        if lang not in self.raw:
            raise KeyError(lang)
        if lang not in self.aligned:
            raise ValueError(f"align {lang} first")
        vectors = self.aligned[lang]
        counts = vectors.new_zeros(tokens.shape[0], len(vectors)).scatter_add(1, tokens, mask.to(vectors.dtype))
        total = counts.sum(1, keepdim=True)
        means = counts @ vectors / torch.where(total > 0, total, torch.ones_like(total))
        return torch.cat([means, torch.ones_like(total)], 1)  # the last column is the bias's

    def fit(self, tokens, mask, labels, lang, steps=200, lr=0.05):
        x = self.features(tokens, mask, lang)
        weights = x.new_zeros(x.shape[1], self.classes).requires_grad_()
        optimizer = torch.optim.LBFGS([weights], lr=1.0, max_iter=50, line_search_fn="strong_wolfe")

        def closure():
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(x @ weights, labels) + 1e-4 * weights.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        self.weights = weights.detach()

    def predict(self, tokens, mask, lang):
        return (self.features(tokens, mask, lang) @ self.weights).max(1).indices
