"""What 19-sentiment-analysis is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, names_and_shapes

VOCABULARY = 12


def pooling(solution, make, dim=4):
    return make.filled(solution.AttentionPooling(dim))


def analyzer(solution, make, embed=3, hidden=4, **options):
    return make.filled(solution.SentimentAnalyzer(VOCABULARY, embed, hidden, **options))


def sentences(make, batch, length, padding_idx=0):
    """Words other than `padding_idx`, then padding; at least one word each."""
    words = make.integers(0, VOCABULARY - 1, batch, length)
    words = words + (words >= padding_idx).long()
    beyond = torch.arange(length, device=make.device) >= make.integers(1, length + 1, batch).unsqueeze(1)
    return words.masked_fill(beyond, padding_idx)


@check(
    "shape",
    points=10,
    batch=some.integers(1, 4),
    length=some.integers(1, 6),
    embed=some.integers(1, 4),
    hidden=some.integers(1, 4),
    classes=some.integers(1, 4),
)
def has_names_and_shapes(solution, make, batch, length, embed, hidden, classes):
    """Names and shapes of the parameters, of the pooled states, of the weights and of the logits."""
    states, tokens = make.normal(batch, length, hidden), sentences(make, batch, length)
    net = solution.SentimentAnalyzer(VOCABULARY, embed, hidden, classes)
    return {
        "pooling, parameters": lambda: names_and_shapes(solution.AttentionPooling(hidden)),
        "pooling": lambda: [tuple(x.shape) for x in pooling(solution, make, hidden)(states, make.mask(batch, length))],
        "analyzer, parameters": lambda: names_and_shapes(net),
        "analyzer": lambda: tuple(make.filled(net)(tokens).shape),
        "two classes by default": lambda: tuple(analyzer(solution, make)(tokens).shape),
    }


@check("values", points=20, batch=some.integers(1, 3), length=some.integers(1, 6), dim=some.integers(1, 5))
def pools_the_real_positions(solution, make, batch, length, dim):
    """Pooling: the weighted sum and the weights, with real positions anywhere."""
    pool, states = pooling(solution, make, dim), make.normal(batch, length, dim, std=2.0)
    mask, one = make.mask(batch, length), torch.zeros(batch, length, dtype=torch.bool, device=make.device)
    one[:, -1] = True
    return {
        "all real": lambda: pool(states, torch.ones_like(mask)),
        "some real": lambda: pool(states, mask),
        "one real": lambda: pool(states, one),
    }


@check("values", points=10, tag="edge")
def survives_empty_rows(solution, make):
    """Pooling: rows without a real position give 0, large scores stay finite, float64 stays float64."""
    pool, states, mask = pooling(solution, make), make.normal(3, 5, 4), make.mask(3, 5)
    mask[1] = False
    every = torch.ones_like(mask)

    def with_scores(scores, mask):
        """The first feature is the score."""
        pool = pooling(solution, make)
        with torch.no_grad():
            pool.score.weight.copy_(make.tensor([[1.0, 0.0, 0.0, 0.0]]))
        states = make.normal(3, 5, 4)
        states[..., 0] = make.tensor(scores)
        return pool(states, mask)

    first_two = every.clone()
    first_two[:, 2:] = False
    return {
        "one empty row": lambda: pool(states, mask),
        "only empty rows": lambda: pool(states, torch.zeros_like(mask)),
        "large scores": lambda: with_scores([1e4, 9999.0, -1e4, 0.0, 9998.0], every),
        "large negative scores": lambda: with_scores([-1e4, -9999.0, -9998.0, -1e4, -9998.0], every),
        "large scores masked": lambda: with_scores([1.0, 2.0, 1e4, 9999.0, -1e4], first_two),
        "only large negative scores real": lambda: with_scores([-1e4, -9999.0, 0.0, 1.0, 2.0], first_two),
        "float64": lambda: pooling(solution, make).double()(states.double(), mask),
    }


@check("gradient", points=15, batch=some.integers(1, 3), length=some.integers(1, 5), examples=8)
def sends_gradients_through_the_pooling(solution, make, batch, length):
    """Pooling: gradients of the states and of the score, also with rows without a real position."""

    def backward(mask, which=0):
        pool, states = pooling(solution, make), make.normal(batch, length, 4, requires_grad=True)
        answer = pool(states, mask)[which]
        (answer * make.normal(*answer.shape)).sum().backward()
        return gradients(pool, states=states)

    mask = make.mask(batch, length)
    first_row_empty = mask.clone()
    first_row_empty[0] = False
    return {
        "of the sum": lambda: backward(mask),
        "of the weights": lambda: backward(mask, 1),
        "an empty row": lambda: backward(first_row_empty),
        "an empty row, of the weights": lambda: backward(first_row_empty, 1),
        "only empty rows": lambda: backward(torch.zeros_like(mask)),
    }


@check("values", points=15, batch=some.integers(1, 4), length=some.integers(1, 6), hidden=some.integers(1, 3))
def reads_both_ways(solution, make, batch, length, hidden):
    """Analyzer: logits of padded sentences of any length."""
    net, tokens = analyzer(solution, make, hidden=hidden), sentences(make, batch, length)
    return {
        "no padding": lambda: net(make.integers(1, VOCABULARY, batch, length)),
        "padded": lambda: net(tokens),
        "padded everywhere": lambda: net(torch.cat([tokens, torch.zeros_like(tokens)], 1)),
    }


@check("values", points=10)
def ignores_the_padding(solution, make):
    """Analyzer: the same logits however much padding there is, in any order of the batch, with another padding_idx."""
    net, tokens = analyzer(solution, make), make.integers(1, VOCABULARY, 4, 6)
    lengths, order = [3, 6, 1, 4], make.tensor([2, 0, 3, 1])
    for row, length in enumerate(lengths):
        tokens[row, length:] = 0
    swapped = torch.where(tokens == 0, 7, torch.where(tokens == 7, 0, tokens))  # 0 and 7 exchanged
    return {
        "in a batch": lambda: net(tokens),
        "each alone": lambda: [net(tokens[row : row + 1, :length]) for row, length in enumerate(lengths)],
        "more padding": lambda: net(torch.cat([tokens, torch.zeros_like(tokens)], 1)),
        "another order": lambda: net(tokens[order]),
        "another padding_idx": lambda: analyzer(solution, make, padding_idx=7)(swapped),
    }


@check("gradient", points=5, batch=some.integers(1, 3), length=some.integers(1, 5), examples=6)
def learns_from_real_words_only(solution, make, batch, length):
    """Analyzer: gradients of every parameter, none for the padding row."""

    def backward(padding_idx):
        net = analyzer(solution, make, padding_idx=padding_idx)
        (net(sentences(make, batch, length, padding_idx)) * make.normal(batch, 2)).sum().backward()
        return gradients(net)

    return {"padding_idx 0": lambda: backward(0), "padding_idx 5": lambda: backward(5)}


@check("values", points=5, tag="edge")
def keeps_to_the_contract(solution, make):
    """Inputs unchanged, nothing kept between calls, float64, evaluation mode."""
    states, mask, tokens = make.normal(3, 5, 4), make.mask(3, 5), sentences(make, 3, 5)
    mask[2] = False

    def second_call():
        net = analyzer(solution, make)
        net(sentences(make, 3, 5))
        return net(tokens)

    return {
        "pooling, inputs": lambda: changes(lambda: pooling(solution, make)(states, mask), states, mask),
        "analyzer, inputs": lambda: changes(lambda: analyzer(solution, make)(tokens), tokens),
        "second call": second_call,
        "float64": lambda: analyzer(solution, make).double()(tokens),
        "evaluation": lambda: analyzer(solution, make).eval()(tokens),
    }


def negated_sentiments(make):
    """Each sentence has one word of sentiment and one negation, which flips it only when it comes first.

    10 words are good, 10 bad, 2 negate, 30 are neutral. The last 256 labels are hidden.
    """
    count, length = 1024, 12
    lengths = make.integers(4, length + 1, count)
    tokens = make.integers(1, 31, count, length)
    good, before = make.integers(0, 2, count), make.integers(0, 2, count)
    place = (make.uniform(count) * (lengths - 1)).long().unsqueeze(1)  # of the first of two neighbours
    feeling = (31 + 10 * good + make.integers(0, 10, count)).unsqueeze(1)
    negation = make.integers(51, 53, count, 1)
    first = before.unsqueeze(1) == 1
    tokens.scatter_(1, place, torch.where(first, negation, feeling))
    tokens.scatter_(1, place + 1, torch.where(first, feeling, negation))
    tokens[torch.arange(length) >= lengths.unsqueeze(1)] = 0
    labels = good ^ before
    return {"x": tokens[:768], "y": labels[:768], "x_new": tokens[768:]}, labels[768:]


@check("convergence", points=10, task=negated_sentiments, judged_by=at_least(0.9, "accuracy"))
def hears_the_negation(solution, make, given):
    """Trains on sentences in which a negation flips the sentiment behind it, then judges new ones."""
    net = make.filled(solution.SentimentAnalyzer(53, 16, 16))

    def loss(step):
        tokens, labels = batch_of(given, step, 48)
        return torch.nn.functional.cross_entropy(net(tokens), labels)

    curve = minimise(loss, net.parameters(), 90, lr=0.02)
    with torch.no_grad():
        return net.eval()(given["x_new"]).argmax(-1), curve
