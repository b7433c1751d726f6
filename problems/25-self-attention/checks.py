"""What 25-self-attention is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_least, check, gradients, moments, names_and_shapes, outcome


def layer_of(solution, make, embed=8, heads=2, **options):
    return make.filled(solution.SelfAttention(embed, heads, **options)).eval()


@check(
    "shape",
    points=10,
    part="SelfAttention",
    batch=some.integers(1, 4),
    length=some.integers(1, 9),
    heads=some.sampled_from([1, 2, 4]),
    head_dim=some.integers(1, 4),
)
def keeps_the_shape(solution, make, batch, length, heads, head_dim):
    """(batch, length, embed) in, the same out."""
    embed = heads * head_dim
    return layer_of(solution, make, embed, heads)(make.normal(batch, length, embed)).shape


@check(
    "values",
    points=15,
    part="scaled_dot_product_attention",
    batch=some.integers(1, 3),
    queries=some.integers(1, 5),
    keys=some.integers(1, 5),
    dim=some.integers(1, 6),
    value_dim=some.integers(1, 4),
)
def weighs_values_by_scores(solution, make, batch, queries, keys, dim, value_dim):
    """The function: output and weights, without and with a mask that broadcasts."""
    attention = solution.scaled_dot_product_attention
    q, k = make.normal(batch, 2, queries, dim), make.normal(batch, 2, keys, dim)
    v, mask = make.normal(batch, 2, keys, value_dim), make.mask(queries, keys)
    return {
        "plain": lambda: attention(q, k, v),
        "no batch": lambda: attention(q[0, 0], k[0, 0], v[0, 0]),
        "mask": lambda: attention(q, k, v, mask),
        "mask per row": lambda: attention(q, k, v, mask=make.mask(batch, 1, queries, keys)),
    }


@check(
    "values",
    points=20,
    part="SelfAttention",
    batch=some.integers(1, 3),
    length=some.integers(1, 6),
    heads=some.sampled_from([1, 2, 3]),
    head_dim=some.integers(1, 4),
)
def attends_where_it_may(solution, make, batch, length, heads, head_dim):
    """The module: plain, with padding, causal, and both at once."""
    layer = layer_of(solution, make, heads * head_dim, heads)
    x, mask = make.normal(batch, length, heads * head_dim), make.mask(batch, length)
    return {
        "plain": lambda: layer(x),
        "padded": lambda: layer(x, mask),
        "causal": lambda: layer(x, causal=True),
        "both": lambda: layer(x, mask, True),
    }


@check("values", points=10, tag="edge")
def survives_the_edges(solution, make):
    """Rows that may attend to nothing give 0, large scores stay finite, float64 stays float64."""
    attention = solution.scaled_dot_product_attention
    layer = layer_of(solution, make)
    q, k, v = (make.normal(2, 4, 8) for _ in range(3))
    nothing = torch.zeros(2, 4, 4, dtype=torch.bool, device=make.device)
    first_row = nothing.clone()
    first_row[:, 0, 1] = True
    return {
        "function, nothing allowed": lambda: attention(q, k, v, nothing),
        "function, one row allowed": lambda: attention(q, k, v, first_row),
        "module, all padding": lambda: layer(q, nothing[:, 0]),
        "large scores": lambda: attention(q * 1e4, k, v),
        "large negative scores, masked": lambda: attention(-1e4 * q.abs(), k.abs(), v, make.mask(4, 4)),
        "float64": lambda: attention(q.double(), k.double(), v.double()),
    }


@check("values", points=5)
def follows_the_contract(solution, make):
    """Parameter names, no biases with bias=False, ValueError, inputs unchanged, no dropout in evaluation."""
    x, mask = make.normal(2, 5, 8), make.mask(2, 5)

    def unchanged():
        before = x.clone(), mask.clone()
        layer_of(solution, make)(x, mask, causal=True)
        return [x - before[0], mask ^ before[1]]

    def dropout_in_evaluation():
        return layer_of(solution, make, dropout=0.5)(x)

    return {
        "names": lambda: names_and_shapes(solution.SelfAttention(8, 2)),
        "names, bias=False": lambda: names_and_shapes(solution.SelfAttention(8, 2, bias=False)),
        "bias=False": lambda: layer_of(solution, make, bias=False)(x),
        "bad heads": lambda: outcome(solution.SelfAttention, 8, 3),
        "unchanged inputs": unchanged,
        "dropout, evaluation": dropout_in_evaluation,
    }


def drops_half(evidence):
    shapes = [tuple(tensor.shape) if isinstance(tensor, torch.Tensor) else None for tensor in evidence.got]
    if shapes != [(8, 16, 32), (8, 16, 32)]:
        return "the layer did not return a tensor of the input's shape"
    marked, equal = (tensor.double() for tensor in evidence.got)
    # The values of `marked` are one-hot, so it shows the weights: 1 / 16 before dropout, 0 or 2 / 16 after it.
    kept = (marked * 8).unflatten(-1, (2, 16))  # (batch, query, head, key)
    if not bool(((kept.abs() < 1e-3) | ((kept - 1).abs() < 1e-3)).all()):
        return "with dropout 0.5 in training, each attention weight should become 0 or twice itself"
    # The values of `equal` are all the same: dropping weights cannot make the features of one head differ.
    features = equal.unflatten(-1, (2, 16))
    if float((features.amax(-1) - features.amin(-1)).max()) > 1e-3:
        return "dropout changes single features of the result; it belongs on the attention weights"
    for dim, what in enumerate(("rows of the batch", "queries", "heads", "keys")):
        if bool((kept == kept.narrow(dim, 0, 1)).all()):
            return f"all {what} share one draw; each attention weight should be dropped by itself"
    if bool((kept == kept[..., :1]).all(-1).double().mean() > 0.5):
        return "all keys share one draw; each attention weight should be dropped by itself"
    return moments(kept, 0.5, 0.5, "the kept weights", kurtosis=1.0)


@check("values", points=5, judged_by=drops_half)
def drops_weights_in_training(solution, make):
    """With dropout 0.5, in training, each attention weight is 0 or doubled."""
    layer = solution.SelfAttention(32, 2, dropout=0.5, bias=False).to(make.device, make.dtype).train()
    eye = torch.eye(32, device=make.device, dtype=make.dtype)
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.copy_(eye if name.startswith(("v_proj", "out_proj")) else torch.zeros_like(eye))
        one_hot = eye[:16, :16].repeat(1, 2).expand(8, 16, 32)  # each head's values are one-hot by key
        return layer(one_hot), layer(torch.ones_like(one_hot))


@check("gradient", points=15, batch=some.integers(1, 2), length=some.integers(1, 5), examples=6)
def learns_from_every_weight(solution, make, batch, length):
    """Gradients of the input and of every parameter, also with rows that are all padding."""

    def backward(mask=None, causal=False):
        layer, x = layer_of(solution, make), make.normal(batch, length, 8, requires_grad=True)
        (layer(x, mask, causal) * make.normal(batch, length, 8)).sum().backward()
        return gradients(layer, x=x)

    mask = make.mask(batch, length)
    nothing = torch.zeros(batch, length, dtype=torch.bool, device=make.device)
    return {
        "plain": backward,
        "padded": lambda: backward(mask),
        "causal": lambda: backward(causal=True),
        "all padding": lambda: backward(nothing),
    }


def marked_tokens(make):
    """Each sequence has one marked token; its class is the label. `given` has labels for the first half only."""
    count, length, classes = 640, 10, 4
    token = make.integers(0, classes, count, length)
    position = make.integers(0, length, count)
    marked = torch.nn.functional.one_hot(position, length).bool()
    x = torch.cat([torch.nn.functional.one_hot(token, classes), marked.unsqueeze(-1)], -1).float()
    x = torch.cat([x, 0.1 * make.normal(count, length, 3)], -1)  # (count, length, 8)
    labels = token[marked]
    return {"x": x[:512], "y": labels[:512], "x_new": x[512:]}, labels[512:]


@check("convergence", points=10, task=marked_tokens, judged_by=at_least(0.95, "accuracy"))
def finds_the_marked_token(solution, make, given):
    """Trains for 150 steps to find the marked token, then predicts on sequences it never saw."""
    layer = solution.SelfAttention(16, 2).to(make.device)
    embed, head = nn.Linear(8, 16).to(make.device), nn.Linear(16, 4).to(make.device)
    parameters = [*embed.parameters(), *layer.parameters(), *head.parameters()]
    optimizer, curve = torch.optim.Adam(parameters, lr=0.01), []
    for step in range(150):
        rows = torch.arange(step * 64, (step + 1) * 64, device=make.device) % 512
        loss = nn.functional.cross_entropy(head(layer(embed(given["x"][rows])).mean(1)), given["y"][rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        return head(layer(embed(given["x_new"])).mean(1)).argmax(-1), curve


@check("timing", points=10, limit=5.0)
def at_length_256(solution, make):
    """Time of forward and backward at 256 tokens, against the reference's."""
    layer, x = layer_of(solution, make, 32, 4), make.normal(1, 256, 32, requires_grad=True)
    return lambda: (layer(x).square().sum().backward(), gradients(layer, x=x))[1]
