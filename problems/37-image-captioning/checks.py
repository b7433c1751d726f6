"""What 37-image-captioning is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import (
    at_least,
    batch_of,
    changes,
    check,
    gradients,
    influence,
    minimise,
    modes,
    names_and_shapes,
    outcome,
)

SIZES = {"batch": some.integers(1, 3), "length": some.integers(1, 5), "regions": some.integers(1, 5)}


@check(
    "shape",
    points=5,
    heads=some.sampled_from([1, 2, 3]),
    head_dim=some.integers(1, 4),
    context_dim=some.integers(1, 6),
    **SIZES,
)
def has_the_right_shapes(solution, make, batch, length, regions, heads, head_dim, context_dim):
    """Names of the attention's parameters, shapes of all results."""
    dim, context = heads * head_dim, make.normal(batch, regions, context_dim)

    def attention():
        layer = solution.CrossAttention(dim, context_dim, heads).to(make.device, make.dtype)
        return layer(make.normal(batch, length, dim), context).shape

    def decoder():
        model = solution.CaptionDecoder(7, dim, context_dim, heads, 5).to(make.device, make.dtype)
        return model(make.integers(0, 7, batch, length), context).shape

    return {
        "names": lambda: names_and_shapes(solution.CrossAttention(dim, context_dim, heads)),
        "attention": attention,
        "decoder": decoder,
    }


QUERY, CONTEXT, HEADS = 6, 4, 2


def layer_of(solution, make, *sizes):
    return make.filled(solution.CrossAttention(*(sizes or (QUERY, CONTEXT, HEADS))), 1.5).eval()


@check(
    "values",
    points=20,
    part="cross-attention",
    heads=some.sampled_from([1, 2, 3]),
    head_dim=some.integers(1, 4),
    context_dim=some.integers(1, 6),
    **SIZES,
)
def attends_to_the_context(solution, make, batch, length, regions, heads, head_dim, context_dim):
    """Cross-attention without and with a mask."""
    layer, dim = layer_of(solution, make, heads * head_dim, context_dim, heads), heads * head_dim
    x, context = make.normal(batch, length, dim), make.normal(batch, regions, context_dim)
    return {
        "no mask": lambda: layer(x, context),
        "mask": lambda: layer(x, context, make.mask(batch, regions)),
        "one region each": lambda: layer(x, context, context_mask=make.mask(batch, regions, share=0.0)),
        "as many regions as tokens": lambda: layer(x, make.normal(batch, length, context_dim)),
    }


@check("values", points=10, tag="edge", part="cross-attention")
def survives_without_context(solution, make):
    """Cross-attention: rows without context, S = 0, large scores, float64, ValueError, inputs unchanged."""
    layer, x, context = layer_of(solution, make), make.normal(3, 4, QUERY), make.normal(3, 5, CONTEXT)
    nothing = torch.zeros(3, 5, dtype=torch.bool, device=make.device)
    one_row = nothing.clone()
    one_row[1, 2:4] = True
    doubled = (tensor.double() for tensor in (x, context))
    return {
        "nothing allowed": lambda: layer(x, context, nothing),
        "one row allowed": lambda: layer(x, context, one_row),
        "S = 0": lambda: layer(x, context[:, :0]),
        "S = 0, mask": lambda: layer(x, context[:, :0], nothing[:, :0]),
        "large scores": lambda: layer(1e4 * x, context, make.mask(3, 5)),
        "float64": lambda: layer_of(solution, make).double()(*doubled, one_row),
        "bad heads": lambda: outcome(solution.CrossAttention, 8, 5, 3),
        "unchanged": lambda: changes(lambda: layer(x, context, one_row), x, context, one_row),
    }


@check("gradient", points=10, part="cross-attention", examples=6, **SIZES)
def learns_from_every_weight(solution, make, batch, length, regions):
    """Cross-attention: gradients of both inputs and of every parameter, also where there is no context."""

    def backward(mask=None):
        layer, x = layer_of(solution, make), make.normal(batch, length, QUERY, requires_grad=True)
        context = make.normal(batch, regions, CONTEXT, requires_grad=True)
        (layer(x, context, mask) * make.normal(batch, length, QUERY)).sum().backward()
        return gradients(layer, x=x, context=context)

    nothing = torch.zeros(batch, regions, dtype=torch.bool, device=make.device)
    return {
        "no mask": backward,
        "mask": lambda: backward(make.mask(batch, regions)),
        "nothing allowed": lambda: backward(nothing),
    }


WORDS, LONGEST = 9, 5


def decoder_of(solution, make):
    """A decoder in evaluation mode whose parameters are all stirred, so that nothing is 0 from its initialisation."""
    model = solution.CaptionDecoder(WORDS, 16, CONTEXT, 2, LONGEST).to(make.device, make.dtype).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(make.normal(*parameter.shape, std=0.2))
    return model


def two_inputs(make, batch=2, length=LONGEST, regions=4):
    """Tokens and context, each with another one that differs everywhere."""
    tokens, context = make.integers(0, WORDS, batch, length), make.normal(batch, regions, CONTEXT)
    other = (tokens + make.integers(1, WORDS, batch, length)) % WORDS
    return tokens, other, context, context + 1 + make.uniform(batch, regions, CONTEXT)


def is_matrix(value, rows, columns):
    return isinstance(value, torch.Tensor) and value.dtype == torch.bool and value.shape == (rows, columns)


def only_the_past(evidence):
    matrix = evidence.got
    if not is_matrix(matrix, LONGEST, LONGEST):
        return "the decoder does not give logits (B, T, vocab_size)"
    ahead = matrix.triu(1).nonzero().tolist()
    if ahead:
        return f"the logits at step {ahead[0][0]} change with the token at step {ahead[0][1]}, which comes later"
    missing = (~matrix.diagonal()).nonzero().flatten().tolist()
    if missing:
        return f"the logits at step {missing[0]} do not depend on the token at that step"
    return None


@check("values", points=10, part="decoder", judged_by=only_the_past)
def does_not_look_ahead(solution, make):
    """Decoder: logits depend on their own token and on no later one."""
    model = decoder_of(solution, make)
    tokens, other, context, _ = two_inputs(make)
    return influence(lambda changed: model(changed, context), tokens, other)


MASK = [True, False, True, False]


def only_what_is_shown(evidence):
    got = evidence.got
    if not isinstance(got, dict) or not all(is_matrix(got.get(key), LONGEST, 4) for key in ("no mask", "mask")):
        return "the decoder does not give logits (B, T, vocab_size)"
    for key, mask in (("no mask", [True] * 4), ("mask", MASK)):
        for region, allowed in enumerate(mask):
            if allowed and not bool(got[key][:, region].any()):
                return f"{key}: no logits depend on region {region} of the context"
            if not allowed and bool(got[key][:, region].any()):
                return f"{key}: logits depend on region {region} of the context, which is masked"
    return None


@check("values", points=5, part="decoder", judged_by=only_what_is_shown)
def looks_at_the_image(solution, make):
    """Decoder: every region of the context matters, masked ones do not."""
    model = decoder_of(solution, make)
    tokens, _, context, other = two_inputs(make)
    mask = torch.tensor([MASK] * 2, device=make.device)
    return {
        "no mask": influence(lambda changed: model(tokens, changed), context, other),
        "mask": influence(lambda changed: model(tokens, changed, mask), context, other),
    }


@check("values", points=5, tag="edge", part="decoder")
def keeps_rows_apart(solution, make):
    """Decoder: rows by themselves, T up to max_len and no more, finite without context, dtype, inputs unchanged."""
    tokens, other, context, _ = two_inputs(make, batch=3)
    mask = make.mask(3, 4)
    nothing = torch.zeros_like(mask)

    def too_long():
        return outcome(decoder_of(solution, make), torch.cat([tokens, tokens[:, :1]], 1), context)

    def finite_without_context():
        model = decoder_of(solution, make)
        logits = [model(tokens, context, nothing), model(tokens, context[:, :0]), model(tokens[:, :1], context)]
        return [(one.shape, bool(one.isfinite().all())) for one in logits]

    def dtype():
        model = decoder_of(solution, make)
        wide = model.double()(tokens, context.double(), mask)
        return [wide.new_zeros(()), model.float()(tokens, context.float()).new_zeros(())]

    def rows():
        model = decoder_of(solution, make)
        return influence(lambda changed: model(changed, context, mask), tokens, other, dim=0, out_dim=0)

    return {
        "rows": rows,
        "too long": too_long,
        "without context": finite_without_context,
        "dtype": dtype,
        "unchanged": lambda: changes(lambda: decoder_of(solution, make)(tokens, context, mask), tokens, context, mask),
    }


class Speaker(nn.Module):
    """A decoder with dropout, called as CaptionDecoder; it notes how many tokens it sees, and never takes too many."""

    def __init__(self, vocabulary, max_len=99, calls=99):
        super().__init__()
        self.embedding, self.look = nn.Embedding(vocabulary, 8), nn.Linear(CONTEXT, 8)
        self.body = nn.Sequential(nn.Dropout(0.5), nn.Linear(8, vocabulary))
        self.max_len, self.calls = max_len, calls

    def forward(self, tokens, context, context_mask=None):
        if tokens.shape[1] > self.max_len:
            raise ValueError(f"{tokens.shape[1]} tokens are more than max_len {self.max_len}")
        self.calls -= 1
        if self.calls < 0:
            raise RuntimeError("out of order")
        seen = self.look(context) if context_mask is None else self.look(context) * context_mask.unsqueeze(-1)
        return self.body((5 * (self.embedding(tokens).cumsum(1) + seen.sum(1, keepdim=True))).sin())


@check(
    "values",
    points=15,
    part="caption",
    batch=some.integers(1, 4),
    regions=some.integers(1, 3),
    vocabulary=some.integers(2, 5),
    max_len=some.integers(1, 6),
    examples=16,
)
def captions_greedily(solution, make, batch, regions, vocabulary, max_len):
    """caption: the likeliest tokens up to eos or max_len, with a mask, at the model's own max_len, bos equal to eos."""
    context, mask = make.normal(batch, regions, CONTEXT), make.mask(batch, regions)

    def captions(*arguments, bos=0, eos=1, longest=99):
        return solution.caption(make.filled(Speaker(vocabulary, longest), 2.0), context, bos, eos, max_len, *arguments)

    return {
        "no mask": captions,
        "mask": lambda: captions(mask),
        "the model's own max_len": lambda: captions(longest=max_len),
        "never eos": lambda: captions(eos=vocabulary + 5, longest=max_len),
        "bos equals eos": lambda: captions(bos=1),
    }


@check("values", points=5, part="caption")
def leaves_the_model_alone(solution, make):
    """caption: every sub-module's mode as before, also after an exception; inputs unchanged."""
    context, mask = make.normal(2, 3, CONTEXT), make.mask(2, 3)

    def modes_after(prepare):
        model = make.filled(Speaker(4))
        prepare(model)
        solution.caption(model, context, 0, 1, 4)
        return modes(model)

    def after_an_exception():
        model = make.filled(Speaker(4, calls=1)).train()
        model.body.eval()
        raised = outcome(solution.caption, model, context, 0, 77, 4)
        return {"raised": raised, "modes": modes(model)}

    def caption():
        solution.caption(make.filled(Speaker(4)), context, 0, 1, 4, mask)

    return {
        "all in training": lambda: modes_after(lambda model: model.train()),
        "all in evaluation": lambda: modes_after(lambda model: model.eval()),
        "a part in evaluation": lambda: modes_after(lambda model: model.train().body.eval()),
        "a part in training": lambda: modes_after(lambda model: model.eval().body[0].train()),
        "after an exception": after_an_exception,
        "unchanged": lambda: changes(caption, context, mask),
    }


SLOTS, VALUES = 3, 4
BOS, EOS = 0, 1


def scenes(make):
    """Images of one to three things, their regions in any order; captions name them in the order of their slots.

    A region says its slot and its value, with noise. Further regions are masked, and mislead. What the words are is
    secret. 24 of the 84 combinations are kept from training and asked for, three times each.
    """
    word = (make.permutation(SLOTS * VALUES) + 2).reshape(SLOTS, VALUES)
    known, unseen = [], []
    for things, held_out in ((1, 0), (2, 4), (3, 20)):
        rows = torch.cartesian_prod(*[torch.arange(VALUES)] * things).reshape(-1, things)
        rows = rows[make.permutation(len(rows))].tolist()
        known.append(rows[held_out:])
        unseen += rows[:held_out]
    train, count = 1280, 1280 + 3 * len(unseen)
    chosen = [known[index % 3][make.integer(0, len(known[index % 3]))] for index in range(train)] + unseen * 3
    things = torch.tensor([len(row) for row in chosen])
    slots = torch.cat([torch.arange(SLOTS).expand(count, -1), make.integers(0, SLOTS, count, 1)], 1)  # (N, SLOTS + 1)
    values = make.integers(0, VALUES, count, SLOTS + 1)
    for index, row in enumerate(chosen):
        values[index, : len(row)] = torch.tensor(row)
    mask = torch.arange(SLOTS + 1) < things[:, None]
    context = torch.cat([torch.eye(SLOTS)[slots], torch.eye(VALUES)[values]], -1)
    context = context + make.normal(*context.shape, std=0.1)
    shuffle = make.uniform(count, SLOTS + 1).argsort(1)
    context, mask = context.gather(1, shuffle[..., None].expand_as(context)), mask.gather(1, shuffle)
    captions = [[int(word[slot, value]) for slot, value in enumerate(row)] for row in chosen]
    padded = torch.tensor([[BOS, *row, EOS, *[-100] * (SLOTS - len(row))] for row in captions])[:train]
    given = {"x": padded[:, :-1].clamp(min=0), "y": padded[:, 1:], "context": context[:train], "mask": mask[:train]}
    return {**given, "new": context[train:], "new_mask": mask[train:]}, captions[train:]


def exactly_right(captions, expected):
    if not isinstance(captions, list) or len(captions) != len(expected):
        return "caption did not return a list with a caption for each image"
    return sum(got == want for got, want in zip(captions, expected, strict=True)) / len(expected)


@check(
    "convergence",
    points=15,
    task=scenes,
    judged_by=at_least(0.8, exactly_right, "share of captions exactly right"),
)
def captions_new_scenes(solution, make, given):
    """Trains for 160 steps on images of one to three things, then captions combinations it never saw."""
    model = solution.CaptionDecoder(2 + SLOTS * VALUES, 32, SLOTS + VALUES, 2, SLOTS + 1).to(make.device).train()

    def loss(step):
        x, y, context, mask = batch_of(given, step, 64, ("x", "y", "context", "mask"))
        return nn.functional.cross_entropy(model(x, context, mask).flatten(0, 1), y.flatten(), ignore_index=-100)

    curve = minimise(loss, model.parameters(), 160, lr=0.005)
    return solution.caption(model, given["new"], BOS, EOS, SLOTS + 1, given["new_mask"]), curve
