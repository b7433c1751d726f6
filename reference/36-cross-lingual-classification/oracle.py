"""scipy's orthogonal Procrustes and scikit-learn's logistic regression."""

import torch
from scipy.linalg import orthogonal_procrustes
from sklearn.linear_model import LogisticRegression


def procrustes(source, target):
    w, _ = orthogonal_procrustes(source.cpu().numpy(), target.cpu().numpy())
    return torch.from_numpy(w).to(source)


class CrossLingualClassifier:
    def __init__(self, embeddings, pivot, num_classes):
        self.embeddings, self.pivot = embeddings, pivot
        self.maps = {pivot: torch.eye(embeddings[pivot].shape[1]).to(embeddings[pivot])}
        self.model = LogisticRegression(C=100.0, max_iter=2000)
        self.only = None

    def align(self, lang, pairs):
        vectors, pivot = self.embeddings[lang], self.embeddings[self.pivot]
        if lang != self.pivot:
            self.maps[lang] = procrustes(vectors[pairs[:, 0]], pivot[pairs[:, 1]])

    def documents(self, tokens, mask, lang):
        mapped = self.embeddings[lang]
        if lang not in self.maps:
            raise ValueError(lang)
        mapped = mapped @ self.maps[lang]
        rows = [
            mapped[row[real]].mean(0) if real.any() else torch.zeros_like(mapped[0])
            for row, real in zip(tokens, mask, strict=True)
        ]
        return torch.stack(rows).cpu().double().numpy()

    def fit(self, tokens, mask, labels, lang, steps=200, lr=0.05):
        documents, labels = self.documents(tokens, mask, lang), labels.cpu().numpy()
        if len(set(labels)) == 1:  # which scikit-learn refuses
            self.only = int(labels[0])
        else:
            self.model.fit(documents, labels)

    def predict(self, tokens, mask, lang):
        documents = self.documents(tokens, mask, lang)
        return (
            tokens.new_full((len(tokens),), self.only)
            if self.only is not None
            else torch.from_numpy(self.model.predict(documents)).to(tokens)
        )
