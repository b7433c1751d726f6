"""What 22-text-generation is judged on."""

import math

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import changes, check, modes, outcome

TOP_P = some.sampled_from([0.23607, 0.38197, 0.61803, 0.73205, 0.91388])  # far from every fraction of small numbers


def graded(make, rows, vocabulary):
    """Logits whose probabilities are ratios of square numbers, so that many are equal."""
    return 2 * make.integers(1, 7, rows, vocabulary).to(make.dtype).log()


@check(
    "values",
    points=20,
    part="top-p",
    rows=some.integers(1, 3),
    vocabulary=some.integers(1, 8),
    temperature=some.sampled_from([0.5, 1.0, 2.0]),
    top_k=some.integers(1, 8),
    top_p=TOP_P,
    examples=20,
)
def keeps_the_most_likely(solution, make, rows, vocabulary, temperature, top_k, top_p):
    """filter_logits: temperature, top-k, top-p, and what comes first."""
    filtered = solution.filter_logits
    return {
        "temperature": lambda: filtered(make.normal(rows, vocabulary), temperature),
        "top-k": lambda: filtered(make.normal(rows, vocabulary), top_k=top_k),
        "top-p": lambda: filtered(graded(make, rows, vocabulary), top_p=top_p),
        "temperature, top-p": lambda: filtered(graded(make, rows, vocabulary), temperature, None, top_p),
        "top-k, top-p": lambda: filtered(graded(make, rows, vocabulary), top_k=top_k, top_p=top_p),
        "all three": lambda: filtered(graded(make, rows, vocabulary), temperature, top_k, top_p),
    }


@check("values", points=10, tag="edge", part="top-p")
def filters_the_edges(solution, make):
    """filter_logits: ties, top_k > V, top_p of 1 and near 0, -inf among the logits, float64, ValueErrors."""
    filtered, logits = solution.filter_logits, make.normal(3, 5)
    equal, ties = (
        make.tensor([[0.5] * 7]),
        make.tensor([[1.0, 3.0, 2.0, 2.0, 0.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.0, 2.0]]),
    )
    holes = make.tensor([[0.0, -math.inf, 1.0, 2.0, -math.inf], [-math.inf, 3.0, -math.inf, -math.inf, -math.inf]])
    bad = [(0.0,), (-1.0,), (1.0, 0), (1.0, -2), (1.0, None, 0.0), (1.0, None, -0.1), (1.0, None, 1.1)]
    return {
        "nothing asked": lambda: filtered(logits),
        "ties at k": lambda: [filtered(ties, top_k=k) for k in (1, 2, 3, 5)],
        "top_k above V": lambda: filtered(logits, top_k=50),
        "equal probabilities": lambda: [filtered(equal, top_p=p) for p in (0.1, 0.4, 0.8)],
        "many equal probabilities": lambda: filtered(make.tensor([[0.5] * 17]), top_p=0.5),  # where unstable sorts show
        "top_p near 0": lambda: filtered(logits, top_p=1e-6),
        "top_p of 1": lambda: filtered(make.tensor([[0.0, -40.0, 30.0, -80.0]]), top_p=1.0),
        "top_k, top_p of 1": lambda: filtered(make.tensor([[0.0, -40.0, 30.0, -80.0]]), top_k=3, top_p=1),
        "-inf": lambda: [filtered(holes, 2.0, 3, 0.91388), filtered(holes, top_k=4)],
        "float64": lambda: filtered(make.normal(2, 6, dtype=torch.float64), 0.7, 4, 0.999999),
        "bad arguments": lambda: [outcome(filtered, logits, *arguments) for arguments in bad],
        "unchanged": lambda: changes(lambda: filtered(logits, 0.5, 2, 0.6), logits),
    }


def frequencies(drawn, weights, what):
    """None when independent draws (any shape) have these relative weights, else a sentence; false alarms below 1e-6."""
    counts = torch.bincount(drawn.flatten(), minlength=len(weights)).double()
    if len(counts) > len(weights):
        return f"{what}: there is a token {len(counts) - 1}, the vocabulary ends at {len(weights) - 1}"
    total = float(counts.sum())
    for token, (count, weight) in enumerate(zip(counts.tolist(), weights, strict=True)):
        share = weight / sum(weights)
        if share == 0 and count:
            return f"{what}: token {token} was removed but is drawn in {count / total:.3g} of all cases"
        if abs(count - total * share) > 5.5 * math.sqrt(total * share * (1 - share)):
            return f"{what}: token {token} is drawn in {count / total:.3g} of all cases, expected {share:.3g}"
    return None


def is_tokens(tokens, shape):
    return isinstance(tokens, torch.Tensor) and tokens.shape == shape and tokens.dtype == torch.int64


def repeatable(first, second, again):
    """None when the draws of one generator, of the same one later, and of its equal are as they should be."""
    if not torch.equal(first, again):
        return "the same generator state gave two different results"
    if torch.equal(first, second):
        return "two calls with one generator gave the same result: it should be drawn from, and move on"
    return None


WEIGHTS = [2.0, 4.0, 1.0, 3.0]  # of four tokens
DRAWS = 4000


def as_filtered(evidence):
    """Relative weights by hand, in each case."""
    expected = {
        "plain": [2, 4, 1, 3],
        "temperature": [4, 16, 1, 9],
        "top-k": [2, 4, 0, 3],
        "top-p": [0, 4, 0, 3],  # 0.4 + 0.3 reaches 0.65
        "all": [0, 16, 0, 9],  # of 16, 9 and 4 the first two reach 0.85
        "generator": [2, 4, 1, 3],
    }
    got = evidence.got
    if not isinstance(got, dict) or not all(is_tokens(got.get(key), (DRAWS,)) for key in [*expected, "later", "again"]):
        return "sample should return int64 tokens of shape (B,)"
    for key, weights in expected.items():
        if sentence := frequencies(got[key], weights, key):
            return sentence
    return repeatable(got["generator"], got["later"], got["again"])


@check("values", points=15, part="sample", judged_by=as_filtered)
def draws_from_what_is_left(solution, make):
    """sample: how often each token is drawn, with and without filters; the generator."""
    logits, generator = make.tensor([WEIGHTS] * DRAWS).log(), make.generator()
    return {
        "plain": solution.sample(logits),
        "temperature": solution.sample(logits + 5, 0.5),
        "top-k": solution.sample(logits, top_k=3),
        "top-p": solution.sample(logits, top_p=0.65),
        "all": solution.sample(logits, 0.5, 3, 0.85),
        "generator": solution.sample(logits, generator=generator),
        "later": solution.sample(logits, generator=generator),
        "again": solution.sample(logits, generator=make.generator()),
    }


@check("values", points=5, part="sample", rows=some.integers(1, 4), vocabulary=some.integers(1, 6), examples=6)
def takes_the_likeliest(solution, make, rows, vocabulary):
    """sample: temperature 0, only one token left, a distribution per row, ValueErrors, inputs unchanged."""
    sample, logits = solution.sample, make.normal(rows, vocabulary)
    certain = make.tensor(torch.full((rows, vocabulary), -math.inf))
    certain[torch.arange(rows, device=make.device), make.integers(0, vocabulary, rows)] = 3.0
    bad = [(-1.0,), (1.0, 0), (1.0, None, 0.0), (1.0, None, 1.5)]
    return {
        "temperature 0": lambda: sample(logits, 0.0),
        "temperature 0, generator": lambda: sample(logits, temperature=0, generator=make.generator()),
        "top_k of 1": lambda: sample(logits, 2.0, top_k=1, generator=make.generator()),
        "top_p near 0": lambda: sample(logits, top_p=1e-4),
        "one is possible": lambda: sample(certain),
        "float64": lambda: sample(certain.double(), 0.5, 2, 0.9, make.generator()),
        "bad arguments": lambda: [outcome(sample, logits, *arguments) for arguments in bad],
        "unchanged": lambda: changes(lambda: sample(logits, 0.5, 2, 0.6), logits),
    }


class Sums(nn.Module):
    """A causal language model with dropout; it notes in which mode it is called, and whether a graph is built."""

    def __init__(self, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 8)
        self.body = nn.Sequential(nn.Dropout(0.5), nn.Linear(8, vocabulary))
        self.seen = []

    def forward(self, tokens):
        logits = self.body((6 * self.embedding(tokens).cumsum(1)).sin())  # (B, T, V)
        self.seen.append((any(modes(self).values()), logits.requires_grad))
        return logits


@check(
    "values",
    points=15,
    part="generate",
    rows=some.integers(1, 3),
    length=some.integers(1, 4),
    new=some.integers(0, 6),
    vocabulary=some.integers(2, 4),
    eos=some.integers(0, 1),
    examples=16,
)
def continues_the_prompt(solution, make, rows, length, new, vocabulary, eos):
    """generate: the likeliest tokens one after the other, with and without eos, none at all."""
    model, prompt = make.filled(Sums(vocabulary), 3.0), make.integers(0, vocabulary, rows, length)
    generate = solution.generate
    return {
        "greedy": lambda: generate(model, prompt, new, 0.0),
        "top_k of 1": lambda: generate(model, prompt, new, 2.0, 1, generator=make.generator()),
        "top_p near 0": lambda: generate(model, prompt, new, top_p=1e-4),
        "eos": lambda: generate(model, prompt, new, temperature=0, eos=eos),
        "eos in the prompt": lambda: generate(model, torch.full_like(prompt, eos), new, 0.0, eos=eos),
        "nothing new": lambda: generate(model, prompt, 0, eos=eos),
    }


class Steps(nn.Module):
    """The next token is the last one plus 0, 1, 2 or 3 (modulo 4) with relative weights 2, 4, 1, 3."""

    def forward(self, tokens):
        logits = torch.tensor(WEIGHTS, device=tokens.device).log()
        return logits[(torch.arange(4, device=tokens.device) - tokens.unsqueeze(-1)) % 4]  # (B, T) -> (B, T, 4)


def as_modelled(evidence):
    got = evidence.got
    if not isinstance(got, dict) or not all(is_tokens(got.get(key), (DRAWS // 2, 5)) for key in evidence.expected):
        return "generate should return int64 tokens of shape (B, T + n)"
    for key, weights in (("plain", [2, 4, 1, 3]), ("all", [0, 16, 0, 9]), ("generator", [2, 4, 1, 3])):
        steps = (got[key][:, 2:] - got[key][:, 1:-1]) % 4  # (B, 3): the generated ones
        if sentence := frequencies(steps, weights, f"{key}, step between neighbours (modulo 4) as a token"):
            return sentence
        pairs = [a * b for a in weights for b in weights]
        if sentence := frequencies(steps[:, 0] * 4 + steps[:, 1], pairs, f"{key}, two steps as one token of 16"):
            return sentence
    return repeatable(got["generator"], got["later"], got["again"])


@check("values", points=5, part="generate", judged_by=as_modelled)
def draws_every_token(solution, make):
    """generate: every token has the distribution of the model, filtered; the generator."""
    model, prompt = Steps(), make.integers(0, 4, DRAWS // 2, 2)
    generator = make.generator()
    return {
        "plain": solution.generate(model, prompt, 3),
        "all": solution.generate(model, prompt, 3, 0.5, 3, 0.85),
        "generator": solution.generate(model, prompt, 3, generator=generator),
        "later": solution.generate(model, prompt, 3, generator=generator),
        "again": solution.generate(model, prompt, 3, generator=make.generator()),
    }


@check("values", points=5, part="generate")
def leaves_the_model_alone(solution, make):
    """generate: evaluation mode and no graph while it runs, modes and prompt as before, ValueErrors."""
    prompt = make.integers(0, 4, 2, 3)

    def modes_after(prepare, **options):
        model = make.filled(Sums(4))
        prepare(model)
        solution.generate(model, prompt, 3, **options)
        return modes(model)

    def while_it_runs():
        model = make.filled(Sums(4)).train()
        tokens = solution.generate(model, prompt, 3)
        return {
            "a module is in training mode": any(training for training, _ in model.seen),
            "a graph is built": any(graph for _, graph in model.seen) or tokens.requires_grad,
            "gradients are on afterwards": torch.is_grad_enabled(),
        }

    def bad_arguments():
        bad = [(-1.0,), (1.0, 0), (1.0, None, 0.0), (1.0, None, 1.5)]
        return [outcome(solution.generate, make.filled(Sums(4)), prompt, 2, *arguments) for arguments in bad]

    return {
        "all in training": lambda: modes_after(lambda model: model.train()),
        "all in evaluation": lambda: modes_after(lambda model: model.eval(), temperature=0.0),
        "a part in evaluation": lambda: modes_after(lambda model: model.train().body.eval()),
        "a part in training": lambda: modes_after(lambda model: model.eval().body[0].train()),
        "while it runs": while_it_runs,
        "unchanged": lambda: changes(lambda: solution.generate(make.filled(Sums(4)), prompt, 3, eos=1), prompt),
        "bad arguments": bad_arguments,
    }


class Language:
    """Log-probabilities of the next token that depend on the whole prefix; notes what it was asked."""

    def __init__(self, make, vocabulary, longest):
        self.vocabulary, self.asked = vocabulary, []
        self.table = make.normal(2 * vocabulary ** (longest + 1), vocabulary, std=1.5).log_softmax(-1)

    def __call__(self, prefix):
        self.asked.append([int(token) for token in prefix])
        row = 1
        for token in self.asked[-1]:
            row = row * self.vocabulary + token
        return self.table[row].clone()


@check(
    "values",
    points=15,
    part="beam-search",
    vocabulary=some.integers(2, 4),
    beam_width=some.integers(2, 5),
    max_len=some.integers(1, 4),
    length_penalty=some.sampled_from([0.5, 1.0, 2.0]),
    examples=16,
)
def finds_the_best_beam(solution, make, vocabulary, beam_width, max_len, length_penalty):
    """beam_search: the best sequence and its score; width 1, wide enough for all, with a length penalty."""
    start, eos = make.integer(0, vocabulary), make.integer(0, vocabulary)

    def best(width, *penalty):
        return solution.beam_search(Language(make, vocabulary, max_len), start, eos, width, max_len, *penalty)

    return {
        "width 1": lambda: best(1),
        "drawn width": lambda: best(beam_width),
        "drawn width, length penalty": lambda: best(beam_width, length_penalty),
        "all sequences": lambda: best(vocabulary**max_len),
        "all sequences, length penalty": lambda: best(vocabulary**max_len, length_penalty),
    }


def by_hand(make, table):
    """Log-probabilities by prefix; after any other prefix all tokens are equally likely."""
    size = len(next(iter(table.values())))

    def log_probs(prefix):
        return make.tensor(table.get(tuple(prefix), [1 / size] * size)).log()

    return log_probs


@check("values", points=10, tag="edge", part="beam-search")
def ends_beams(solution, make):
    """beam_search: finished beams stay as they are, at max_len all end; start may be eos; long beams."""
    search = solution.beam_search
    trap = {(0,): [0.5, 0.4, 0.1], (0, 0): [0.3, 0.3, 0.4], (0, 1): [0.05, 0.05, 0.9]}
    short = {(0,): [0.35, 0.05, 0.6], (0, 0): [0.02, 0.9, 0.08], (0, 0, 1): [0.02, 0.03, 0.95]}
    crowded = {(0,): [0.3, 0.2, 0.5], (0, 0): [0.34, 0.33, 0.33], (0, 1): [0.005, 0.005, 0.99]}
    late = {(0,): [0.35, 0.25, 0.4], (0, 0): [0.5, 0.49, 0.01], (0, 0, 1): [0.005, 0.005, 0.99]}
    start_is_eos = {(2,): [0.7, 0.2, 0.1], (2, 0): [0.1, 0.2, 0.7], (2, 1): [0.2, 0.3, 0.5]}

    def extended():
        language = Language(make, 3, 5)
        search(language, 0, 2, 4, 5)
        return {
            "a finished beam was extended": any(2 in prefix[1:] for prefix in language.asked),
            "every prefix begins with start": all(prefix[0] == 0 for prefix in language.asked),
        }

    return {
        "greedy is a trap": lambda: search(by_hand(make, trap), 0, 2, 2, 2),
        "short wins": lambda: search(by_hand(make, short), 0, 2, 2, 6),
        "long wins": lambda: search(by_hand(make, short), 0, 2, 2, 6, length_penalty=1.0),
        "cut at max_len": lambda: search(by_hand(make, short), 0, 2, 2, 2, length_penalty=1.0),
        "a finished beam takes a place": lambda: search(by_hand(make, crowded), 0, 2, 2, 2, 2.0),
        "length penalty at every step": lambda: search(by_hand(make, late), 0, 2, 2, 3, 1.0),
        "start is eos": lambda: search(by_hand(make, start_is_eos), 2, 2, 2, 2),
        "wider than the vocabulary": lambda: search(by_hand(make, trap), 0, 2, 9, 2),
        "what is extended": extended,
    }
