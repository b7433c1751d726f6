"""What 03-weight-sharing is judged on."""

import copy

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_most, batch_of, changes, check, minimise, names_and_shapes, outcome

SIZES = {"vocab": some.integers(2, 7), "dim": some.integers(1, 6)}


def entries(make, vocab, dim):
    """A state_dict for the model; the shared matrix stands in it twice."""
    shared = make.normal(vocab, dim)
    return {
        "embedding.weight": shared,
        "decoder.weight": shared,
        "hidden.weight": make.normal(dim, dim, std=0.7),
        "hidden.bias": make.normal(dim, std=0.3),
        "decoder.bias": make.normal(vocab, std=0.3),
    }


def model_of(solution, make, vocab=5, dim=3, dtype=None):
    """The model with given numbers, put into its parameters one by one."""
    values = entries(make, vocab, dim)
    model = solution.TiedLanguageModel(vocab, dim).to(make.device, dtype or make.dtype)
    with torch.no_grad():
        for name, parameter in model.named_parameters(remove_duplicate=False):
            parameter.copy_(values[name])
    return model


@check("shape", points=10, part="TiedLanguageModel", batch=some.integers(1, 3), length=some.integers(1, 4), **SIZES)
def has_the_right_names(solution, make, batch, length, vocab, dim):
    """Keys and shapes; (B, T) tokens in, (B, T, vocab_size) out."""
    model = solution.TiedLanguageModel(vocab, dim).to(make.device, make.dtype)
    return {
        "keys": lambda: names_and_shapes(model),
        "parameters": lambda: sorted(name for name, _ in model.named_parameters(remove_duplicate=False)),
        "output": lambda: torch.zeros_like(model(make.integers(0, vocab, batch, length))),
    }


@check("values", points=15, part="TiedLanguageModel", batch=some.integers(1, 3), length=some.integers(1, 4), **SIZES)
def predicts_logits(solution, make, batch, length, vocab, dim):
    """decoder(tanh(hidden(embedding(tokens)))), in both dtypes; tokens unchanged."""
    tokens = make.integers(0, vocab, batch, length)
    return {
        "unchanged tokens": lambda: changes(lambda: model_of(solution, make, vocab, dim)(tokens), tokens),
        "float32": lambda: model_of(solution, make, vocab, dim)(tokens),
        "float64": lambda: model_of(solution, make, vocab, dim, torch.float64)(tokens),
    }


def moved_together(model, tokens):
    """Both weights, and the output, after the embedding's alone was changed in place."""
    with torch.no_grad():
        model.embedding.weight.mul_(0.5).add_(0.25)
        output = model(tokens)
    same = model.decoder.weight is model.embedding.weight
    return {"same": same, "embedding": model.embedding.weight, "decoder": model.decoder.weight, "output": output}


@check("values", points=25, part="TiedLanguageModel")
def stays_tied(solution, make):
    """decoder.weight is embedding.weight, also after .to, deepcopy, load_state_dict and optimizer steps."""
    tokens = make.integers(0, 5, 2, 3)

    def new():
        model = solution.TiedLanguageModel(5, 3)
        return {"same": model.decoder.weight is model.embedding.weight, "trainable": model.decoder.weight.requires_grad}

    def converted():
        model = model_of(solution, make).to(torch.float64)
        return moved_together(model, tokens)

    def copied():
        original = model_of(solution, make)
        return {"copy": moved_together(copy.deepcopy(original), tokens), "original": original(tokens)}

    def loaded(strict=True):
        model = model_of(solution, make)
        model.load_state_dict(entries(make, 5, 3), strict=strict)
        return moved_together(model, tokens)

    def from_another():
        model = model_of(solution, make)
        model.load_state_dict(model_of(solution, make).state_dict())
        return moved_together(model, tokens)

    def trained(make_optimizer):
        model = model_of(solution, make)
        optimizer = make_optimizer(model.parameters())
        for _ in range(2):
            loss = F.cross_entropy(model(tokens).flatten(0, 1), (tokens.flatten() + 1) % 5)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return moved_together(model, tokens)

    return {
        "new": new,
        "changed in place": lambda: moved_together(model_of(solution, make), tokens),
        "to(float64)": converted,
        "deepcopy": copied,
        "load_state_dict": loaded,
        "load_state_dict from another": from_another,
        "SGD": lambda: trained(lambda parameters: torch.optim.SGD(parameters, lr=0.1, weight_decay=0.1)),
        "AdamW": lambda: trained(lambda parameters: torch.optim.AdamW(parameters, lr=0.1)),
    }


@check("gradient", points=15, part="TiedLanguageModel", batch=some.integers(1, 3), length=some.integers(1, 4), **SIZES)
def sums_both_uses(solution, make, batch, length, vocab, dim):
    """Gradients of every parameter; the shared one gets what both of its uses send back."""
    tokens = make.integers(0, vocab, batch, length)

    def run(weights):
        model = model_of(solution, make, vocab, dim)
        (model(tokens) * weights).sum().backward()
        return {name: parameter.grad for name, parameter in model.named_parameters(remove_duplicate=False)}

    def only_the_last_logit():
        return run(F.one_hot(make.tensor(vocab - 1), vocab).to(make.dtype))

    return {"all logits": lambda: run(make.normal(batch, length, vocab)), "one logit": only_the_last_logit}


def pair(make, rows=4, columns=3):
    source = make.filled(nn.Embedding(rows, columns))
    return source, make.filled(nn.Linear(columns, rows), scale=2)


@check("values", points=15, part="tie_weights")
def makes_one_parameter(solution, make):
    """tie_weights: target.weight becomes the very parameter source.weight; nothing else changes."""

    def tied(source, target, *inputs):
        owned = source.weight
        answer = solution.tie_weights(source, target)
        same = [target.weight is source.weight, source.weight is owned]
        with torch.no_grad():
            source.weight.mul_(2)
        outputs = [module(x) for module, x in zip((source, target), inputs, strict=True)]
        (outputs[0].sum() + outputs[1].square().sum()).backward()
        return {
            "returned": answer,
            "same": same,
            "names": sorted(name for name, _ in target.named_parameters()),
            "outputs": outputs,
            "gradient": source.weight.grad,
        }

    def two_of(kind):
        source, target = make.filled(kind()), make.filled(kind())
        with torch.no_grad():
            for parameter in target.parameters():
                parameter.neg_()  # filled by name, they had the numbers of the source
        return tied(source, target, make.normal(2, 3), make.normal(2, 3))

    def chain():
        first, second, third = (make.filled(nn.Linear(2, 3), scale=scale) for scale in (1, 2, 3))
        solution.tie_weights(first, second)
        return tied(second, third, make.normal(2, 2), make.normal(2, 2)) | {"first": first.weight is third.weight}

    return {
        "embedding to linear": lambda: tied(*pair(make), make.integers(0, 4, 5), make.normal(2, 3)),
        "linear to embedding": lambda: tied(*pair(make)[::-1], make.normal(2, 3), make.integers(0, 4, 5)),
        "square": lambda: two_of(lambda: nn.Linear(3, 3)),
        "two LayerNorms": lambda: two_of(lambda: nn.LayerNorm(3)),
        "three in a chain": chain,
    }


@check("values", points=5, tag="edge", part="tie_weights")
def refuses_other_shapes(solution, make):
    """tie_weights: ValueError when the weights' shapes differ, also when they are transposed or would broadcast."""

    def call(source, target):
        return outcome(solution.tie_weights, source.to(make.device), target.to(make.device))

    return {
        "transposed": lambda: call(nn.Linear(3, 4), nn.Linear(4, 3)),
        "more rows": lambda: call(nn.Embedding(5, 3), nn.Linear(3, 4)),
        "one row": lambda: call(nn.Embedding(1, 3), nn.Linear(3, 4)),
        "one dimension": lambda: call(nn.LayerNorm(3), nn.Linear(3, 1)),
        "same number of entries": lambda: call(nn.Linear(6, 2), nn.Linear(4, 3)),
    }


class Odd(nn.Module):
    """Shared parameters, shared modules, a single number, a buffer, and a part that may be frozen."""

    def __init__(self, sizes, frozen):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])
        self.again = nn.ModuleDict({"last": self.layers[-1]})
        self.scale = nn.Parameter(torch.ones(()))
        self.other_scale = nn.Parameter(torch.ones(()))
        self.same_scale = self.scale
        self.norm = nn.BatchNorm1d(sizes[-1])  # running statistics do not count
        for index in frozen:
            self.layers[index % len(self.layers)].weight.requires_grad_(False)


@check(
    "values",
    points=10,
    part="count_parameters",
    sizes=some.lists(some.integers(1, 4), min_size=2, max_size=4),
    frozen=some.lists(some.integers(0, 2), max_size=2),
    vocab=some.integers(1, 9),
)
def counts_what_learns(solution, make, sizes, frozen, vocab):
    """count_parameters: trainable scalars, each shared parameter once."""

    def tied():
        model = nn.ModuleList([nn.Embedding(vocab, 3), nn.Linear(3, vocab)]).to(make.device)
        model[1].weight = model[0].weight
        return solution.count_parameters(model)

    return {
        "odd": lambda: solution.count_parameters(Odd(sizes, frozen).to(make.device)),
        "tied": tied,
        "the model": lambda: solution.count_parameters(solution.TiedLanguageModel(vocab, 3)),
        "all frozen": lambda: solution.count_parameters(Odd(sizes, frozen).requires_grad_(False)),
        "none": lambda: solution.count_parameters(nn.Tanh()),
        "layers of one size": lambda: solution.count_parameters(nn.Sequential(*(nn.Linear(3, 3) for _ in sizes))),
    }


VOCAB = 12


def bigrams(make):
    """Pairs of tokens drawn from a table of probabilities, of which only the pairs are given."""
    table = (1.5 * make.normal(VOCAB, VOCAB)).softmax(-1)
    first = make.integers(0, VOCAB, 4096)
    below = table[first].cumsum(-1) < make.uniform(4096, 1)
    return {"x": first, "y": below.sum(-1).clamp(max=VOCAB - 1)}, table


def divergence(logits, table):
    if not isinstance(logits, torch.Tensor) or logits.shape != table.shape or not logits.is_floating_point():
        return f"the model does not give logits of shape {tuple(table.shape)}"
    return float((table * (table.log() - logits.double().log_softmax(-1))).sum(-1).mean())


@check("convergence", points=5, part="TiedLanguageModel", task=bigrams, judged_by=at_most(0.15, divergence))
def learns_bigrams(solution, make, given):
    """Learns which token follows which from 4096 pairs; divergence from the true probabilities."""
    model = solution.TiedLanguageModel(VOCAB, 24).to(make.device)

    def loss(step):
        x, y = batch_of(given, step, 256)
        return F.cross_entropy(model(x[:, None])[:, 0], y)

    curve = minimise(loss, model.parameters(), 200, lr=0.01)
    with torch.no_grad():
        return model(torch.arange(VOCAB, device=make.device)[None])[0], curve
