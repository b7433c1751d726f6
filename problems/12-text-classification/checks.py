"""What 12-text-classification is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, names_and_shapes

VOCABULARY = 12


def classifier(solution, make, embed=3, hidden=4, classes=3, **options):
    return make.filled(solution.TextClassifier(VOCABULARY, embed, hidden, classes, **options))


def texts(make, batch, length):
    """Tokens of the whole vocabulary, padding included, and lengths in any order."""
    return make.integers(0, VOCABULARY, batch, length), make.integers(1, length + 1, batch)


@check(
    "shape",
    points=15,
    batch=some.integers(1, 4),
    length=some.integers(1, 6),
    embed=some.integers(1, 4),
    hidden=some.integers(1, 4),
    classes=some.integers(1, 4),
)
def has_names_and_shapes(solution, make, batch, length, embed, hidden, classes):
    """Names and shapes of the parameters; one row of logits a text, also for a batch of one."""
    tokens, lengths = texts(make, batch, length)
    net = classifier(solution, make, embed, hidden, classes)
    return {
        "parameters": lambda: names_and_shapes(net),
        "logits": lambda: tuple(net(tokens, lengths).shape),
        "batch of one": lambda: tuple(net(tokens[:1], lengths[:1]).shape),
    }


@check("values", points=20, batch=some.integers(1, 4), length=some.integers(1, 6), hidden=some.integers(1, 4))
def classifies_after_the_last_token(solution, make, batch, length, hidden):
    """Logits from the hidden state after each text's last token, with lengths in any order."""
    net, (tokens, lengths) = classifier(solution, make, hidden=hidden), texts(make, batch, length)
    return {
        "no padding": lambda: net(tokens, torch.full_like(lengths, length)),
        "mixed lengths": lambda: net(tokens, lengths),
        "single tokens": lambda: net(tokens, torch.ones_like(lengths)),
    }


@check("values", points=20)
def lets_only_lengths_decide(solution, make):
    """The same logits whatever lies beyond the end, however much, in any order of the batch; padding inside counts."""
    net, lengths = classifier(solution, make), make.tensor([3, 6, 1, 4])
    tokens = make.integers(1, VOCABULARY, 4, 6)
    beyond = torch.arange(6, device=make.device) >= lengths.unsqueeze(1)  # (4, 6)
    padded, order = tokens.masked_fill(beyond, 0), make.tensor([2, 0, 3, 1])
    inside = padded.clone()
    inside[:, 0], inside[1, 2:4], inside[3, 3] = 0, 0, 0
    return {
        "padding beyond": lambda: net(padded, lengths),
        "other tokens beyond": lambda: net(tokens, lengths),
        "more padding": lambda: net(torch.cat([padded, torch.zeros_like(padded)], 1), lengths),
        "no padding": lambda: net(tokens[:1, :3], lengths[:1]),
        "another order": lambda: net(padded[order], lengths[order]),
        "each alone": lambda: [net(padded[row : row + 1], lengths[row : row + 1]) for row in range(4)],
        "padding_idx inside a text": lambda: net(inside, lengths),
    }


@check("gradient", points=20, batch=some.integers(1, 3), length=some.integers(1, 5), examples=8)
def learns_from_real_tokens_only(solution, make, batch, length):
    """Gradients of every parameter: none for the padding row and for what lies beyond the end."""

    def backward(tokens, lengths, **options):
        net = classifier(solution, make, **options)
        (net(tokens, lengths) * make.normal(batch, 3)).sum().backward()
        return gradients(net)

    tokens, lengths = texts(make, batch, length)
    inside = make.integers(0, 2, batch, length)  # about every other token is the padding
    return {
        "any tokens": lambda: backward(tokens, lengths),
        "padding_idx inside a text": lambda: backward(inside, lengths),
        "another padding_idx": lambda: backward(inside, lengths, padding_idx=1),
    }


@check("values", points=15, tag="edge")
def keeps_to_the_contract(solution, make):
    """Inputs unchanged, nothing kept between calls, float64, lengths on another device, another padding_idx."""
    tokens, lengths = make.integers(0, VOCABULARY, 3, 5), make.tensor([2, 5, 1])

    def second_call():
        net = classifier(solution, make)
        net(make.integers(0, VOCABULARY, 3, 5), lengths)
        return net(tokens, lengths)

    return {
        "inputs": lambda: changes(lambda: classifier(solution, make)(tokens, lengths), tokens, lengths),
        "second call": second_call,
        "float64": lambda: classifier(solution, make).double()(tokens, lengths),
        "lengths on the CPU": lambda: classifier(solution, make)(tokens, lengths.cpu()),
        "another padding_idx": lambda: classifier(solution, make, padding_idx=7)(tokens, lengths),
        "evaluation": lambda: classifier(solution, make).eval()(tokens, lengths),
    }


def topics(make):
    """Texts of 40 neutral words and two or three of one of four topics; words of any topic beyond the end.

    The last 256 labels are hidden.
    """
    count, length, neutral, of_topic = 768, 16, 40, 5
    labels, lengths = make.integers(0, 4, count), make.integers(4, length + 1, count)
    tokens = make.integers(1, 1 + neutral, count, length)
    for _ in range(3):
        place = (make.uniform(count) * lengths).long()
        words = 1 + neutral + labels * of_topic + make.integers(0, of_topic, count)
        tokens.scatter_(1, place.unsqueeze(1), words.unsqueeze(1))
    beyond = torch.arange(length) >= lengths.unsqueeze(1)
    tokens = torch.where(beyond, make.integers(1 + neutral, 1 + neutral + 4 * of_topic, count, length), tokens)
    given = {"x": tokens[:512], "lengths": lengths[:512], "y": labels[:512]}
    return given | {"x_new": tokens[512:], "lengths_new": lengths[512:]}, labels[512:]


@check("convergence", points=10, task=topics, judged_by=at_least(0.85, "accuracy"))
def tells_the_topic(solution, make, given):
    """Trains for 120 steps to tell four topics apart, then does so on texts whose labels it never saw."""
    net = make.filled(solution.TextClassifier(61, 16, 24, 4))

    def loss(step):
        x, lengths, y = batch_of(given, step, 64, ["x", "lengths", "y"])
        return torch.nn.functional.cross_entropy(net(x, lengths), y)

    curve = minimise(loss, net.parameters(), 120, lr=0.02)
    with torch.no_grad():
        return net.eval()(given["x_new"], given["lengths_new"]).argmax(-1), curve
