"""Classify documents in languages that have no labels, over word embeddings aligned with a pivot language."""

import torch
from torch import LongTensor, Tensor


def procrustes(source: Tensor, target: Tensor) -> Tensor:
    """The orthogonal matrix W (D, D), reflections included, that minimises the Frobenius norm of source @ W - target.

    source, target: (P, D). No centring, no normalising. Where several W are equally good, any of them.
    """
    raise NotImplementedError


class CrossLingualClassifier:
    """A classifier of documents, trained in one language and used in others.

    A document is the mean of its real words' vectors, mapped into the space of the pivot; one without any real word is
    the zero vector.

    embeddings: language -> word vectors (V_lang, D), all of one D, dtype and device.
    Raises KeyError when the pivot has no embeddings.
    """

    def __init__(self, embeddings: dict[str, Tensor], pivot: str, num_classes: int):
        raise NotImplementedError

    def align(self, lang: str, pairs: LongTensor) -> None:
        """Learns the map of a language from a dictionary.

        pairs: (P, 2) int64, a word of `lang` and its translation, a word of the pivot. Aligning the pivot changes
        nothing. Raises KeyError for a language without embeddings.
        """
        raise NotImplementedError

    def fit(
        self, tokens: LongTensor, mask: Tensor, labels: LongTensor, lang: str, steps: int = 200, lr: float = 0.05
    ) -> None:
        """Trains the classifier on documents in one language, all at once, for `steps` steps.

        tokens: (N, T) int64; mask: (N, T) bool, True at real words; labels: (N,) int64.
        Raises KeyError for a language without embeddings, ValueError for one that is neither the pivot nor aligned.
        """
        raise NotImplementedError

    def predict(self, tokens: LongTensor, mask: Tensor, lang: str) -> LongTensor:
        """The class of each document, (N,) int64; arguments and errors as in `fit`."""
        raise NotImplementedError


if __name__ == "__main__":
    source, target = torch.eye(2), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    print(procrustes(source, target))  # expected: [[0, 1], [1, 0]], a reflection
    embeddings = {"en": torch.tensor([[2.0, 0.0], [0.0, 2.0]]), "de": torch.tensor([[0.0, 2.0], [2.0, 0.0]])}
    classifier = CrossLingualClassifier(embeddings, "en", num_classes=2)
    classifier.fit(torch.tensor([[0], [1]]), torch.ones(2, 1, dtype=torch.bool), torch.tensor([0, 1]), "en")
    classifier.align("de", torch.tensor([[0, 0], [1, 1]]))
    print(classifier.predict(torch.tensor([[0], [1]]), torch.ones(2, 1, dtype=torch.bool), "de"))  # expected: 0, 1
