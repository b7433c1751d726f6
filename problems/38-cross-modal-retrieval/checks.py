"""What 38-cross-modal-retrieval is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, names_and_shapes, outcome

SIZES = {"count": some.integers(1, 5), "dim": some.integers(2, 6)}


def vectors(make, count, dim, **options):
    """Vectors of quite different lengths."""
    return make.normal(count, dim, **options) * make.uniform(count, 1, low=0.2, high=5).to(options.get("dtype"))


def rivals(make, x):
    """The vectors with the second one near the first: even logits of 100 then leave some doubt, and a loss above 0."""
    x[1:2] = x[:1] + 0.02 * x[:1].norm() * make.normal(*x[1:2].shape, dtype=x.dtype)
    return x


def learns(gradient):
    return gradient is not None and bool((gradient != 0).any())


def without_digits_of_the_scale(found):
    """Only whether there is a gradient of a large logit_scale: its digits are what is left of logits of 100."""
    return found | {"logit_scale": learns(found["logit_scale"])}


def number(make, value, **options):
    return make.tensor(float(value), **options)


@check("values", points=20, part="clip_loss", scale=some.sampled_from([0.0, 1.0, 2.5, -1.0]), **SIZES)
def measures_both_directions(solution, make, count, dim, scale):
    """Cosines times exp(logit_scale), cross-entropy by rows and by columns; inputs unchanged."""
    loss, image, text = solution.clip_loss, vectors(make, count, dim), vectors(make, count, dim)
    log_scale = number(make, scale)
    # A text like its image, with some noise, so that the directions differ but not by chance alone.
    near = image + 0.5 * vectors(make, count, dim)

    def in_float64():
        image, text = (vectors(make, count, dim, dtype=torch.float64) for _ in range(2))
        return loss(image, text, log_scale.double())

    return {
        "unchanged inputs": lambda: changes(lambda: loss(image, text, log_scale), image, text, log_scale),
        "plain": lambda: loss(image, text, log_scale),
        "alike": lambda: loss(image, near, log_scale),
        "swapped": lambda: loss(near, image, log_scale),
        "above log 100": lambda: loss(image, text, number(make, 5.25)),
        "tiny vectors": lambda: loss(1e-6 * image, 1e-6 * text, log_scale),
        "float64": in_float64,
    }


@check("gradient", points=10, part="clip_loss", scale=some.sampled_from([0.0, 1.0, -1.0]), **SIZES)
def learns_from_both_sides(solution, make, count, dim, scale):
    """Gradients of images, texts and the scale."""

    def run(scale, image, text):
        tensors = {
            "image": image.requires_grad_(),
            "text": text.requires_grad_(),
            "logit_scale": number(make, scale, requires_grad=True),
        }
        solution.clip_loss(*tensors.values()).backward()
        return gradients(**tensors)

    def plain():
        return run(scale, vectors(make, count, dim), vectors(make, count, dim))

    def above():  # logits of 190 leave a gradient few digits, but not none
        found = run(5.25, rivals(make, vectors(make, 3, dim)), rivals(make, vectors(make, 3, dim)))
        return {name: learns(gradient) for name, gradient in found.items()}

    return {"plain": plain, "above log 100, something to learn": above}


def with_zeros(make, count, dim, *rows):
    x = vectors(make, count, dim)
    x[list(rows)] = 0
    return x


@check("gradient", points=10, tag="edge")
def survives_zero_vectors(solution, make):
    """A vector of zeros has similarity 0 to all; no value and no gradient is nan or infinite."""

    def loss(image_rows, text_rows):
        image, text = with_zeros(make, 4, 3, *image_rows), with_zeros(make, 4, 3, *text_rows)
        image, text, scale = image.requires_grad_(), text.requires_grad_(), number(make, 1.0, requires_grad=True)
        value = solution.clip_loss(image, text, scale)
        value.backward()

        def split(grad, rows):  # what a zero vector gets is free, as long as it is finite: times 0 it is 0, or nan
            if grad is None:
                return None
            others = [row for row in range(4) if row not in rows]
            return {"of zeros, times 0": 0 * grad[list(rows)], "of others": grad[others]}

        return {
            "value": value,
            "image": split(image.grad, image_rows),
            "text": split(text.grad, text_rows),
            "logit_scale": scale.grad,
        }

    def encoded():
        model, x = make.filled(solution.DualEncoder(4, 5, 3)), with_zeros(make, 2, 4, 0)
        with torch.no_grad():
            model.image_proj.bias.zero_()
        out = model.encode_image(x.requires_grad_())
        (out * make.normal(2, 3)).sum().backward()
        return {"out": out, "of zeros, times 0": 0 * x.grad[0], "of others": x.grad[1]}

    def whole_model():
        model = make.filled(solution.DualEncoder(4, 5, 3))
        with torch.no_grad():
            model.image_proj.bias.zero_()
            model.text_proj.bias.zero_()
        value = model(with_zeros(make, 3, 4, 0), with_zeros(make, 3, 5, 1))
        value.backward()
        return value, {name: 0 * grad for name, grad in gradients(model).items() if grad is not None}

    return {
        "loss, an image": lambda: loss([1], []),
        "loss, a pair and a text": lambda: loss([0], [0, 2]),
        "loss, nothing else": lambda: loss([0, 1, 2, 3], [0, 1, 2, 3]),
        "encoder": encoded,
        "model": whole_model,
        "retrieve": lambda: solution.retrieve(with_zeros(make, 3, 4, 1), vectors(make, 4, 4), 4)[1],
        "retrieve, in the gallery": lambda: solution.retrieve(vectors(make, 2, 4), with_zeros(make, 4, 4, 2), 4)[1],
    }


@check(
    "shape",
    points=10,
    part="DualEncoder",
    image=some.integers(1, 5),
    text=some.integers(1, 5),
    embed=some.integers(1, 4),
    count=some.integers(1, 4),
)
def has_the_right_parameters(solution, make, image, text, embed, count):
    """Keys and shapes; logit_scale starts at log(1 / 0.07) and learns; shapes of both encoders and of the loss."""
    model = solution.DualEncoder(image, text, embed).to(make.device, make.dtype)
    pictures, captions = make.normal(count, image), make.normal(count, text)
    return {
        "keys": lambda: names_and_shapes(model),
        "parameters": lambda: sorted(name for name, p in model.named_parameters() if p.requires_grad),
        "logit_scale": lambda: model.logit_scale,
        "image": lambda: torch.zeros_like(model.encode_image(pictures)),
        "text": lambda: torch.zeros_like(model.encode_text(captions)),
        "loss": lambda: torch.zeros_like(model(pictures, captions)),
    }


@check("values", points=10, part="DualEncoder", count=some.integers(1, 4), embed=some.integers(2, 5))
def encodes_to_unit_length(solution, make, count, embed):
    """encode_image and encode_text: the projection, of length 1; in both dtypes, inputs unchanged."""
    model = make.filled(solution.DualEncoder(4, 6, embed))
    image, text = make.normal(count, 4), make.normal(count, 6)
    return {
        "unchanged inputs": lambda: changes(
            lambda: (model.encode_image(image), model.encode_text(text), model(image, text)), image, text
        ),
        "image": lambda: model.encode_image(image),
        "text": lambda: model.encode_text(text),
        "loss": lambda: model(image, text),
        "float64": lambda: make.filled(solution.DualEncoder(4, 6, embed)).double().encode_image(image.double()),
    }


@check("gradient", points=10, part="DualEncoder", count=some.integers(2, 4), examples=8)
def caps_the_scale(solution, make, count):
    """forward uses at most log 100 and leaves the parameter as it is; gradients of every parameter."""
    image, text = rivals(make, make.normal(count, 4)), rivals(make, make.normal(count, 6))

    def run(scale, dtype=None):
        model = make.filled(solution.DualEncoder(4, 6, 3)).to(dtype or make.dtype)
        with torch.no_grad():
            model.logit_scale.fill_(scale)
        value = model(image.to(dtype or make.dtype), text.to(dtype or make.dtype))
        value.backward()
        found = gradients(model)
        if scale > 4:
            found = without_digits_of_the_scale(found)  # no gradient or 0: the same to an optimizer
        return {"loss": value, "logit_scale": model.logit_scale, "gradients": found}

    return {  # logits of 90 and more leave float32 few digits for a gradient
        "below": lambda: run(2.0),
        "just below, float64": lambda: run(4.5, torch.float64),
        "just above, float64": lambda: run(4.75, torch.float64),
        "far above, float64": lambda: run(8.0, torch.float64),
        "negative": lambda: run(-1.0),
    }


def apart(make, count, gallery, dim, dtype=None):
    """Queries and a gallery of which no query has two nearly equal cosines: rounding cannot change an order."""
    while True:
        queries, entries = vectors(make, count, dim, dtype=dtype), vectors(make, gallery, dim, dtype=dtype)
        units = [torch.nn.functional.normalize(x.cpu().double(), dim=-1) for x in (queries, entries)]
        cosines = (units[0] @ units[1].T).sort(-1).values
        if gallery == 1 or float(cosines.diff(dim=-1).min()) > 1e-3:
            return queries, entries


GALLERIES = {"count": some.integers(1, 4), "k": some.integers(1, 4), "more": some.integers(0, 3)}


@check("values", points=10, part="retrieve", **GALLERIES)
def finds_the_nearest(solution, make, count, k, more):
    """Indices and cosines of the k nearest, falling; in both dtypes, inputs unchanged."""
    queries, gallery = apart(make, count, k + more, 5)
    return {
        "unchanged inputs": lambda: changes(lambda: solution.retrieve(queries, gallery, k), queries, gallery),
        "k": lambda: solution.retrieve(queries, gallery, k),
        "all": lambda: solution.retrieve(queries, gallery, k + more),
        "nearest": lambda: solution.retrieve(queries, gallery, 1),
        "float64": lambda: solution.retrieve(*apart(make, count, k + more, 5, torch.float64), k),
    }


@check("values", points=5, part="recall_at_k", **GALLERIES)
def counts_found_queries(solution, make, count, k, more):
    """The share of queries whose relevant entry is among the first k."""
    queries, gallery = apart(make, count, k + more, 5)
    relevant = make.integers(0, k + more, count)

    def square():
        queries, gallery = apart(make, 6, 6, 5)
        return [solution.recall_at_k(queries, gallery, make.permutation(6), size) for size in (1, 2, 4)]

    return {
        "drawn": lambda: solution.recall_at_k(queries, gallery, relevant, k),
        "1": lambda: solution.recall_at_k(queries, gallery, relevant, 1),
        "all": lambda: solution.recall_at_k(queries, gallery, relevant, k + more),
        "themselves": lambda: solution.recall_at_k(3 * gallery[relevant], gallery, relevant, 1),
        "square": square,
    }


@check("values", points=5, tag="edge")
def refuses_large_k(solution, make):
    """k above the size of the gallery: ValueError, from retrieve and from recall_at_k."""
    queries, gallery, relevant = vectors(make, 4, 3), vectors(make, 2, 3), make.tensor([0, 1, 0, 1])
    return {
        "retrieve": lambda: outcome(solution.retrieve, queries, gallery, 3),
        "recall_at_k": lambda: outcome(solution.recall_at_k, queries, gallery, relevant, 3),
        "just right": lambda: solution.recall_at_k(queries, gallery, relevant, 2),
    }


def two_views(make):
    """Pairs that show six hidden causes in two ways; which of the last 128 belong together is hidden."""
    causes, order = make.normal(640, 6), make.permutation(128)
    image = causes @ make.normal(6, 12) + 0.1 * make.normal(640, 12)
    text = causes @ make.normal(6, 10) + 0.1 * make.normal(640, 10)
    given = {"x": image[:512], "y": text[:512], "image_new": image[512:][order], "text_new": text[512:]}
    return given, order


@check("convergence", points=5, task=two_views, judged_by=at_least(0.7, "accuracy", "recall@1 on hidden pairs"))
def matches_hidden_pairs(solution, make, given):
    """Trains for 200 steps on pairs, then finds each new image's text among 128."""
    model = solution.DualEncoder(12, 10, 8).to(make.device)
    curve = minimise(lambda step: model(*batch_of(given, step, 64)), model.parameters(), 200, lr=0.02)
    with torch.no_grad():
        indices, _ = solution.retrieve(model.encode_image(given["image_new"]), model.encode_text(given["text_new"]), 1)
        return indices[:, 0], curve


@check("timing", points=5, limit=8.0, part="clip_loss")
def at_256_pairs(solution, make):
    """Time of the loss and its gradients for 256 pairs, against the reference's."""
    tensors = {
        "image": make.normal(256, 64, requires_grad=True),
        "text": make.normal(256, 64, requires_grad=True),
        "logit_scale": number(make, 2.0, requires_grad=True),
    }

    def run():
        for tensor in tensors.values():
            tensor.grad = None
        solution.clip_loss(*tensors.values()).backward()
        return gradients(**tensors)

    return run
