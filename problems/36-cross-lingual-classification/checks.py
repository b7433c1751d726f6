"""What 36-cross-lingual-classification is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import at_least, changes, check, outcome

CLASSES, DIM = 3, 4


def rotation(make, dim, reflected=False):
    """A random orthogonal matrix of determinant 1, or -1."""
    q = torch.linalg.qr(make.normal(dim, dim, dtype=torch.float64).cpu())[0]
    if (torch.linalg.det(q) < 0) != reflected:
        q[:, 0] = -q[:, 0]
    return make.tensor(q.float())


class World:
    """A pivot "en" of 12 words, 4 of each class, and "de" with the same words in another order and another space.

    Word 4 c + k of "en" belongs to class c; word i of "de" means word `meaning[i]` of "en". "fr" has embeddings and no
    dictionary. `pairs` is the dictionary of "de".
    """

    def __init__(self, make, dtype=None):
        self.make = make
        self.device = make.device
        vectors = 0.3 * make.normal(12, DIM, dtype=dtype)
        vectors[torch.arange(12), torch.arange(12) // 4] += 4.0
        q = rotation(make, DIM, reflected=True).to(vectors.dtype)
        self.meaning = make.permutation(12)
        self.embeddings = {
            "en": vectors,
            "de": vectors[self.meaning] @ q.T,
            "fr": make.normal(12, DIM, dtype=dtype),
        }
        self.pairs = torch.stack([torch.arange(12, device=self.device), self.meaning], 1)

    def words(self, labels, length, lang):
        """Documents of these classes: (N, length) words of the language."""
        words = 4 * labels.unsqueeze(1) + self.make.integers(0, 4, len(labels), length)
        return words if lang == "en" else self.meaning.argsort()[words]

    def documents(self, count, lang, length=5):
        """Tokens, a mask of True, and labels."""
        labels = self.make.permutation(count) % CLASSES
        tokens = self.words(labels, length, lang)
        return tokens, torch.ones_like(tokens, dtype=torch.bool), labels


def classifier(solution, world, *languages):
    made = solution.CrossLingualClassifier(world.embeddings, "en", CLASSES)
    for lang in languages:
        made.align(lang, world.pairs)
    return made


@check("shape", points=5, words=some.integers(1, 6), dim=some.integers(1, 5), count=some.integers(1, 5))
def has_the_right_shapes(solution, make, words, dim, count):
    """W is (D, D); predictions are int64, one a document."""

    def predicted():
        world = World(make)
        made = classifier(solution, world, "de")
        tokens, mask, labels = world.documents(count, "en")
        made.fit(tokens, mask, labels, "en", steps=2)
        answer = made.predict(*world.documents(count, "de")[:2], "de")
        return tuple(answer.shape), str(answer.dtype)

    return {
        "procrustes": lambda: tuple(solution.procrustes(make.normal(words, dim), make.normal(words, dim)).shape),
        "predict": predicted,
    }


@check("values", points=20, dim=some.integers(1, 5), extra=some.integers(0, 6))
def finds_the_orthogonal_map(solution, make, dim, extra):
    """procrustes: rotations and reflections, without and with noise."""
    count = 3 * dim + extra
    source, noise = make.normal(count, dim) + 0.5, make.normal(count, dim)

    def towards(reflected, share):
        return solution.procrustes(source, source @ rotation(make, dim, reflected) + share * noise)

    return {
        "rotation": lambda: towards(False, 0.0),
        "reflection": lambda: towards(True, 0.0),
        "rotation, noise": lambda: towards(False, 0.2),
        "reflection, noise": lambda: towards(True, 0.2),
        "longer target": lambda: solution.procrustes(source, 3 * source @ rotation(make, dim) + 0.3 * noise),
        "float64": lambda: solution.procrustes(source.double(), (source + 0.2 * noise).double()),
    }


def as_good_as_any(evidence):
    for case, expected in evidence.expected.items():
        got = evidence.got.get(case) if isinstance(evidence.got, dict) else None
        source, target = (part.double() for part in expected["given"])
        w = got.get("W") if isinstance(got, dict) else None
        if not isinstance(w, torch.Tensor) or w.shape != (source.shape[1],) * 2 or not w.is_floating_point():
            return f"{case}: procrustes did not return a matrix of shape {(source.shape[1],) * 2}"
        w = w.double()
        if not float((w.T @ w - torch.eye(len(w), dtype=torch.float64)).abs().max()) < 1e-4:
            return f"{case}: W is not orthogonal"
        best, reached = (float((source @ m - target).norm()) for m in (expected["W"].double(), w))
        if not reached <= best + 1e-3 * (1 + best):
            return f"{case}: |source @ W - target| is {reached:.4g}, and {best:.4g} can be reached"
    return None


@check("values", points=10, tag="edge", judged_by=as_good_as_any)
def copes_with_few_pairs(solution, make):
    """procrustes where many W are equally good: fewer pairs than dimensions, equal pairs, zeros."""

    def observe(source, target):
        return {"given": (source, target), "W": solution.procrustes(source, target)}

    few, equal = make.normal(3, 6), make.normal(1, 4).repeat(5, 1)
    return {
        "three pairs in six dimensions": observe(few, few @ rotation(make, 6)),
        "three pairs, noise": observe(few, few @ rotation(make, 6) + 0.2 * make.normal(3, 6)),
        "five times the same pair": observe(equal, equal @ rotation(make, 4)),
        "zeros": observe(torch.zeros_like(few), few),
    }


@check("values", points=15)
def goes_from_language_to_language(solution, make):
    """Trained in one language, asked in another: from and to the pivot, aligned before or after the training."""

    def trained(there, here, early=True, **options):
        world = World(make)
        made = classifier(solution, world, *(["de"] if early else []))
        made.fit(*world.documents(12, there), there, **options)
        if not early:
            made.align("de", world.pairs)
        return made.predict(*world.documents(9, here)[:2], here)

    def nonsense_for_the_pivot():
        world = World(make)
        made = classifier(solution, world, "de")
        made.align("en", torch.stack([torch.arange(12), torch.arange(12).roll(5)], 1).to(make.device))
        made.fit(*world.documents(12, "en"), "en", steps=50)
        return [made.predict(*world.documents(9, lang)[:2], lang) for lang in ("en", "de")]

    return {
        "en to en": lambda: trained("en", "en", steps=50),
        "en to de": lambda: trained("en", "de"),
        "de to en": lambda: trained("de", "en", steps=50),
        "de to de": lambda: trained("de", "de", steps=50),
        "en to de, aligned later": lambda: trained("en", "de", early=False, steps=50),
        "the pivot aligned": nonsense_for_the_pivot,
    }


def lengths_world(make):
    """Words of class 0 have length 1, of class 1 length 4, all in the same direction.

    "en" has eleven words of the first class, then one of the second; "de" has one, then eleven. Four more words, the
    same in both, make the dictionary.
    """
    direction, q = make.tensor([[0.6, 0.0, 0.8, 0.0]]), rotation(make, DIM)
    en = torch.cat([direction.repeat(11, 1), 4 * direction])
    de = torch.cat([direction, 4 * direction.repeat(11, 1)])
    common = torch.eye(DIM, dtype=make.dtype, device=make.device)
    embeddings = {"en": torch.cat([en, common]), "de": torch.cat([de, common]) @ q.T}
    return embeddings, make.tensor([[12, 12], [13, 13], [14, 14], [15, 15]])


@check("values", points=20)
def takes_the_mean_of_real_words(solution, make):
    """Padding of any kind and anywhere counts nothing; vectors are neither normalised nor centred."""

    def padded(lang):
        world = World(make)
        made = classifier(solution, world, "de")
        made.fit(*world.documents(12, "en"), "en", steps=50)
        tokens, mask, labels = world.documents(9, lang, length=2)
        padding = world.words((labels + 1) % CLASSES, 6, lang)  # words of another class
        mask = torch.cat([torch.zeros_like(padding[:, :3]).bool(), mask, torch.zeros_like(padding[:, :3]).bool()], 1)
        return made.predict(torch.cat([padding[:, :3], tokens, padding[:, 3:]], 1), mask, lang)

    def padded_in_training():
        world = World(make)
        made = classifier(solution, world)
        tokens, mask, labels = world.documents(12, "en", length=2)
        padding = world.words((labels + 1) % CLASSES, 6, "en")
        mask = torch.cat([mask, torch.zeros_like(padding).bool()], 1)
        made.fit(torch.cat([tokens, padding], 1), mask, labels, "en", steps=50)
        return made.predict(*world.documents(9, "en")[:2], "en")

    def by_length(lang):
        embeddings, pairs = lengths_world(make)
        made = solution.CrossLingualClassifier(embeddings, "en", 2)
        made.align("de", pairs)
        words = make.tensor([0, 1, 2, 3, 4, 5, 11, 11, 11, 11, 11, 11])
        full = torch.ones(12, 3, dtype=torch.bool, device=make.device)
        made.fit(words.unsqueeze(1).expand(12, 3), full, (words == 11).long(), "en", steps=100, lr=0.1)
        short, long = (0, 11) if lang == "en" else (0, 1)
        tokens = make.tensor([[short] * 8, [long] * 8, [long] * 8, [short] * 8])
        mask = torch.zeros(4, 8, dtype=torch.bool, device=make.device)
        mask[:, :2], mask[3] = True, True
        return made.predict(tokens, mask, lang)

    return {
        "words of another class as padding": lambda: padded("en"),
        "the same in another language": lambda: padded("de"),
        "the same in training": padded_in_training,
        "classes that differ in length only": lambda: by_length("en"),
        "the same in another language, by length": lambda: by_length("de"),
    }


@check("values", points=5, tag="edge")
def takes_nothing_for_zero(solution, make):
    """A document without any real word is the zero vector, in training and in prediction."""

    def run(lang):
        world = World(make)
        made = classifier(solution, world, "de")
        tokens, mask, labels = world.documents(15, "en")
        labels = torch.where(labels == 2, 0, labels)  # of the words, two classes; nothing is class 2
        mask[12:], labels[12:] = False, 2
        made.fit(tokens, mask, labels, "en", steps=100, lr=0.1)
        asked, mask, _ = world.documents(9, lang)
        mask[6:] = False
        return made.predict(asked, mask, lang)

    return {"pivot": lambda: run("en"), "another language": lambda: run("de")}


@check("values", points=10)
def refuses_unknown_languages(solution, make):
    """KeyError without embeddings, before anything else; ValueError without a dictionary."""
    world = World(make)
    documents = world.documents(6, "en")

    def fitted():
        made = classifier(solution, world, "de")
        made.fit(*documents, "en", steps=2)
        return made

    return {
        "pivot without embeddings": lambda: outcome(solution.CrossLingualClassifier, world.embeddings, "it", CLASSES),
        "align, no embeddings": lambda: outcome(fitted().align, "it", world.pairs),
        "fit, no embeddings": lambda: outcome(fitted().fit, *documents, "it"),
        "predict, no embeddings": lambda: outcome(fitted().predict, *documents[:2], "it"),
        "fit, not aligned": lambda: outcome(fitted().fit, *documents, "fr"),
        "predict, not aligned": lambda: outcome(fitted().predict, *documents[:2], "fr"),
        "predict, aligned": lambda: tuple(fitted().predict(*documents[:2], "de").shape),
    }


@check("values", points=5, tag="edge")
def keeps_to_the_contract(solution, make):
    """Inputs and embeddings unchanged, float64, two classifiers side by side."""
    world = World(make)
    documents, asked = world.documents(12, "en"), world.documents(9, "de")
    source, target = make.normal(6, 3), make.normal(6, 3)

    def whole_life(embeddings):
        made = solution.CrossLingualClassifier(embeddings, "en", CLASSES)
        made.align("de", world.pairs)
        made.fit(*documents, "en", steps=3)
        made.predict(*asked[:2], "de")

    def the_dictionary():
        embeddings = dict(world.embeddings)
        whole_life(embeddings)
        return [(lang, embeddings[lang] - world.embeddings[lang]) for lang in sorted(embeddings)]

    def in_float64():
        world = World(make, torch.float64)
        made = classifier(solution, world, "de")
        made.fit(*world.documents(12, "en"), "en", steps=50)
        return made.predict(*world.documents(9, "de")[:2], "de")

    def side_by_side():
        first, second = classifier(solution, world, "de"), classifier(solution, world)
        first.fit(*documents, "en", steps=50)
        second.fit(documents[0], documents[1], (documents[2] + 1) % CLASSES, "en", steps=50)
        return first.predict(*asked[:2], "de"), outcome(second.predict, *asked[:2], "de")

    everything = [*world.embeddings.values(), world.pairs, *documents, *asked[:2]]
    return {
        "procrustes, inputs": lambda: changes(lambda: solution.procrustes(source, target), source, target),
        "classifier, inputs": lambda: changes(lambda: whole_life(dict(world.embeddings)), *everything),
        "the dictionary of embeddings": the_dictionary,
        "float64": in_float64,
        "two classifiers": side_by_side,
    }


def topics_in_two_languages(make):
    """Documents about four topics, with labels in "en" only.

    "de" is "en" rotated and reflected, with noise; 40 of its 120 words are in the dictionary.
    """
    dim, words, count, length = 16, 120, 256, 12
    centres, topic = 2.0 * make.normal(4, dim), torch.arange(words) % 5  # topic 4: about nothing
    en = make.normal(words, dim) + torch.cat([centres, torch.zeros(1, dim)])[topic]
    meaning = make.permutation(words)
    de = en[meaning] @ rotation(make, dim, reflected=True).T + 0.3 * make.normal(words, dim)
    known = make.permutation(words)[:40]

    def documents():
        labels, about = make.integers(0, 4, count), make.uniform(count, length) < 0.6
        of_topic = 5 * make.integers(0, words // 5, count, length) + labels.unsqueeze(1)
        tokens = torch.where(about, of_topic, make.integers(0, words, count, length))
        mask = torch.arange(length) < make.integers(6, length + 1, count).unsqueeze(1)
        return torch.where(mask, tokens, make.integers(0, words, count, length)), mask, labels

    tokens, mask, labels = documents()
    tokens_new, mask_new, labels_new = documents()
    given = {"en": en, "de": de, "pairs": torch.stack([known, meaning[known]], 1)}
    given |= {"tokens": tokens, "mask": mask, "labels": labels}
    return given | {"tokens_new": meaning.argsort()[tokens_new], "mask_new": mask_new}, labels_new


@check("convergence", points=10, task=topics_in_two_languages, judged_by=at_least(0.85, "accuracy"))
def needs_no_labels_there(solution, make, given):
    """Four topics, learned in one language, told apart in another from a dictionary of 40 words."""
    made = solution.CrossLingualClassifier({"en": given["en"], "de": given["de"]}, "en", 4)
    made.align("de", given["pairs"])
    made.fit(given["tokens"], given["mask"], given["labels"], "en")
    return made.predict(given["tokens_new"], given["mask_new"], "de")
