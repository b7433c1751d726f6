"""What 18-speech-generation is judged on."""

import math

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import (
    at_most,
    batch_of,
    changes,
    check,
    gradients,
    minimise,
    modes,
    names_and_shapes,
    outcome,
)


def expanded(codes, channels):
    """The amplitudes of codes that need not be whole numbers, in float64; beyond -1 and 1 outside of the grid."""
    companded = 2 * codes.double().cpu() / (channels - 1) - 1
    return companded.sign() * torch.expm1(companded.abs() * math.log(channels)) / (channels - 1)


def near_the_grid(make, channels, *shape):
    """Amplitudes at most 0.45 of a code away from one of the grid, so never near the boundary between two codes."""
    offset = make.uniform(*shape, low=-0.45, high=0.45, dtype=torch.float64).cpu()
    return make.tensor(expanded(make.integers(0, channels, *shape).cpu() + offset, channels))


CHANNELS = some.sampled_from([2, 3, 4, 5, 16, 17, 64, 255, 256])


@check("values", points=10, part="mu-law", channels=CHANNELS, length=some.integers(1, 12), examples=16)
def compands_and_rounds(solution, make, channels, length):
    """mu_law_encode: the codes of positive and negative amplitudes, quiet and loud, also beyond [-1, 1]."""
    encode, x = solution.mu_law_encode, near_the_grid(make, channels, 2, length)
    return {
        "codes": lambda: encode(x, channels),
        "default channels": lambda: encode(near_the_grid(make, 256, 4, length)),
        "beyond [-1, 1]": lambda: encode(1.5 * x.sign() + x, channels=channels),
        "float64": lambda: encode(near_the_grid(make, channels, length).double(), channels),
    }


@check("values", points=5, tag="edge", part="mu-law")
def encodes_the_edges(solution, make):
    """mu_law_encode: any shape, no samples, full scale, huge amplitudes, silence, 65536 channels, input unchanged."""
    encode, x = solution.mu_law_encode, make.tensor([[-3.0, -0.5, 0.1], [0.7, 1.5, -0.2]])
    return {
        "0-dim": lambda: encode(make.tensor(0.3)),
        "four dimensions": lambda: encode(near_the_grid(make, 64, 2, 1, 3, 2), 64),
        "no samples": lambda: encode(make.normal(2, 0)),
        "full scale": lambda: [encode(make.tensor([-1.0, 1.0]), channels) for channels in (2, 5, 256)],
        "huge": lambda: encode(make.tensor([-1e6, 1e6, 2.0, -2.0])),
        "silence, odd channels": lambda: encode(make.tensor([0.0, 0.0, -0.0]), 255),
        "65536 channels": lambda: encode(near_the_grid(make, 65536, 50), 65536),
        "unchanged": lambda: changes(lambda: encode(x), x),
    }


@check("values", points=10, part="mu-law", channels=CHANNELS, length=some.integers(1, 6), examples=10)
def expands_every_code(solution, make, channels, length):
    """mu_law_decode: the whole grid, any shape, in float32."""
    decode = solution.mu_law_decode
    codes = make.integers(0, channels, 2, length)
    return {
        "all codes": lambda: decode(make.tensor(torch.arange(channels)), channels),
        "default channels": lambda: decode(make.integers(0, 256, 2, 3, 4)),
        "two dimensions": lambda: decode(codes, channels=channels),
        "0-dim": lambda: decode(codes[0, 0], channels),
        "no codes": lambda: decode(codes[:, :0], channels),
        "unchanged": lambda: changes(lambda: decode(codes, channels), codes),
    }


CONVOLUTIONS = {
    "into": some.integers(1, 3),
    "out": some.integers(1, 3),
    "kernel": some.integers(1, 4),
    "dilation": some.integers(1, 4),
    "length": some.integers(1, 9),
}


@check("values", points=15, part="causal-conv", examples=16, **CONVOLUTIONS)
def convolves_the_past(solution, make, into, out, kernel, dilation, length):
    """CausalConv1d: names, and the numbers with and without dilation, for short and long inputs."""

    def convolved(length, *dilation, dtype=None):
        conv = make.filled(solution.CausalConv1d(into, out, kernel, *dilation)).to(dtype or make.dtype)
        return conv(make.normal(2, into, length, dtype=dtype))

    def unchanged():
        conv, x = make.filled(solution.CausalConv1d(into, out, kernel, dilation)), make.normal(2, into, length)
        return changes(lambda: conv(x), x)

    return {
        "names": lambda: names_and_shapes(solution.CausalConv1d(into, out, kernel, dilation=dilation)),
        "no dilation": lambda: convolved(length),
        "dilation": lambda: convolved(length, dilation),
        "long": lambda: convolved(20, dilation),
        "one step": lambda: convolved(1, dilation),
        "float64": lambda: convolved(length, dilation, dtype=torch.float64),
        "unchanged": unchanged,
    }


@check("gradient", points=5, part="causal-conv", examples=8, **CONVOLUTIONS)
def lets_gradients_through(solution, make, into, out, kernel, dilation, length):
    """CausalConv1d: the gradients of the input, the weight and the bias."""
    conv = make.filled(solution.CausalConv1d(into, out, kernel, dilation))
    x = make.normal(2, into, length, requires_grad=True)
    result = conv(x)
    (result * make.normal(*result.shape)).sum().backward()
    return gradients(conv, x=x)


NETS = {
    "classes": some.integers(3, 9),
    "channels": some.sampled_from([16, 24]),
    "layers": some.integers(1, 5),
}


def stirred(make, model, dtype=torch.float64):
    """The model in evaluation mode, with noise on its parameters: whatever starts as zeros takes part, too."""
    model = model.to(make.device, dtype).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(make.normal(*parameter.shape, std=0.1, dtype=dtype))
    return model


@check("shape", points=5, part="wavenet", length=some.integers(1, 20), batch=some.integers(1, 3), examples=8, **NETS)
def has_the_right_shapes(solution, make, classes, channels, layers, length, batch):
    """WaveNet: shape, dtype and device of the logits, which depend on the codes; sequences of one code."""

    def logits_of(model, classes, length, dtype):
        model, codes = stirred(make, model, dtype), make.integers(0, classes, 8, 12)
        logits, others = model(codes), model((codes + 1) % classes)
        few = model(make.integers(0, classes, batch, length))
        return {
            "shape": few.shape,
            "dtype and device": few.new_zeros(()),
            "all finite": bool(logits.isfinite().all()),
            "depend on the codes": bool((logits != others).any()),
            "are probabilities": bool((logits >= 0).all() and ((logits.sum(-1) - 1).abs() < 1e-3).all()),
        }

    def net():
        return solution.WaveNet(classes, channels, layers)

    return {
        "drawn sizes": lambda: logits_of(net(), classes, length, make.dtype),
        "one code": lambda: logits_of(net(), classes, 1, make.dtype),
        "float64": lambda: logits_of(net(), classes, length, torch.float64),
        "default sizes": lambda: logits_of(solution.WaveNet(), 256, length, make.dtype),
        "WaveNet() as WaveNet(256, 32, 4)": lambda: (
            names_and_shapes(solution.WaveNet()) == names_and_shapes(solution.WaveNet(256, 32, 4))
        ),
    }


MOST_EXTRA = 256  # codes that layers beyond the dilated ones may add to the receptive field


def exactly_its_receptive_field(evidence):
    got = evidence.got
    if not isinstance(got, dict) or type(got.get("receptive_field")) is not int:
        return "model.receptive_field should be an int"
    layers, field = evidence.arguments["layers"], got["receptive_field"]
    dilations = ", ".join(str(2**layer) for layer in range(layers))
    if not 2**layers <= field <= 2**layers + MOST_EXTRA:
        return (
            f"receptive_field is {field}: with kernel size 2 and one layer for each dilation ({dilations}) it is "
            f"{2**layers}, and extra layers may add up to {MOST_EXTRA}"
        )
    moved, changed = got["moved"], field
    if not isinstance(moved, torch.Tensor) or moved.shape != (2 * field + 4,):
        return "the logits should have the shape (B, T, classes)"
    first, last = (int(moved.nonzero().min()), int(moved.nonzero().max())) if moved.any() else (-1, -1)
    if first < 0:
        return "no logits depend on the code that was changed"
    if first < changed:
        return f"changing one code moves logits {changed - first} before it: those at t may see codes up to t only"
    if first > changed:
        return "the logits at t do not depend on code t, the newest they may see, only on older ones"
    seen = last - changed + 1
    if seen > field:
        return f"receptive_field is {field}, but one code moves the logits of {seen} steps: it is too small"
    if seen < field:
        return f"receptive_field is {field}, but one code moves the logits of {seen} steps only: it is too large"
    if not bool(moved[changed : changed + field].all()):
        return f"of the {field} codes in the receptive field some have no influence: {moved[changed:].int().tolist()}"
    if not got["the last receptive_field codes suffice"]:
        return f"the last logits change when the model gets only the last {field} codes, its receptive_field"
    if not got["later codes change nothing"]:
        return "the logits of a sequence change when codes are appended to it"
    if not got["rows are independent"]:
        return "the logits of a sequence depend on the others in its batch"
    return None


@check("values", points=15, part="wavenet", judged_by=exactly_its_receptive_field, examples=10, **NETS)
def sees_its_receptive_field(solution, make, classes, channels, layers):
    """WaveNet: which logits move when one code is changed; what the last receptive_field codes are enough for."""
    model = stirred(make, solution.WaveNet(classes, channels, layers))
    field = model.receptive_field
    if type(field) is not int or not 2**layers <= field <= 2**layers + MOST_EXTRA:
        return {"receptive_field": field}
    codes = make.integers(0, classes, 16, 2 * field + 4)
    changed = codes.clone()
    changed[:, field] = (codes[:, field] + make.integers(1, classes, 16)) % classes

    def differ(one, other):
        return (one - other).abs() > 1e-11 * one.abs().max()

    with torch.no_grad():
        logits = model(codes)
        return {
            "receptive_field": field,
            "moved": differ(logits, model(changed)).flatten(2).any(2).any(0),
            "the last receptive_field codes suffice": not differ(logits[:, -1], model(codes[:, -field:])[:, -1]).any(),
            "later codes change nothing": not differ(logits[:, : field + 2], model(codes[:, : field + 2])).any(),
            "rows are independent": not differ(logits[3:4], model(codes[3:4])).any(),
        }


CLASSES, WINDOW = 16, 24


def two_tones(make):
    """Two tones of unknown pitch, each row with phases of its own, as mu-law codes; new windows to be continued."""
    rows, length = 512, 49
    periods = torch.tensor([make.integer(170, 211) / 10, make.integer(65, 81) / 10]).view(2, 1)
    phases = make.uniform(rows, 2, 1, high=2 * math.pi)
    wave = (torch.tensor([[0.5], [0.3]]) * (2 * math.pi * torch.arange(length) / periods + phases).sin()).sum(1)
    boundaries = expanded(torch.arange(CLASSES - 1) + 0.5, CLASSES)
    codes = torch.bucketize(wave.double(), boundaries)  # (512, 49)
    return {"codes": codes[:384], "windows": codes[384:, :WINDOW]}, codes[384:, WINDOW]


def loss_of_the_next_code(logits, codes):
    if not isinstance(logits, torch.Tensor) or logits.shape != (len(codes), CLASSES):
        return "the model did not return logits of shape (B, T, classes)"
    return float(nn.functional.cross_entropy(logits.double(), codes))


@check(
    "convergence",
    points=10,
    part="wavenet",
    task=two_tones,
    judged_by=at_most(0.8, loss_of_the_next_code, "mean cross-entropy of the next code"),
)
def learns_two_tones(solution, make, given):
    """WaveNet: trains for 120 steps on a sum of two tones, then predicts the code that follows new windows."""
    model = solution.WaveNet(CLASSES, 32, 4).to(make.device).train()

    def loss(step):
        (codes,) = batch_of(given, step, 16, ("codes",))
        return nn.functional.cross_entropy(model(codes[:, :-1]).flatten(0, 1), codes[:, 1:].flatten())

    curve = minimise(loss, model.parameters(), 120, lr=0.01)
    model.eval()
    with torch.no_grad():
        return model(given["windows"])[:, -1], curve


class Recent(nn.Module):
    """A causal model with dropout whose logits depend on the last `receptive_field` codes, each in its own way.

    It notes whether a module is in training mode when it is called, and whether a graph is built.
    """

    def __init__(self, classes, receptive_field):
        super().__init__()
        self.receptive_field = receptive_field
        self.embedding = nn.Embedding(classes, 8)
        self.taps = nn.Conv1d(8, 8, receptive_field)
        self.body = nn.Sequential(nn.Dropout(0.5), nn.Linear(8, classes))
        self.seen = []

    def forward(self, codes):
        x = nn.functional.pad(self.embedding(codes).transpose(1, 2), (self.receptive_field - 1, 0))  # (B, 8, F - 1 + T)
        logits = self.body((3 * self.taps(x)).sin().transpose(1, 2))  # (B, T, classes)
        self.seen.append((any(modes(self).values()), logits.requires_grad))
        return logits


WEIGHTS = [2.0, 4.0, 1.0, 3.0]  # of four codes


class Steps(nn.Module):
    """The next code is the last one plus 0, 1, 2 or 3 (modulo 4) with relative weights 2, 4, 1, 3."""

    receptive_field = 1

    def forward(self, codes):
        logits = torch.tensor(WEIGHTS, device=codes.device).log()
        return logits[(torch.arange(4, device=codes.device) - codes.unsqueeze(-1)) % 4]  # (B, T) -> (B, T, 4)


@check(
    "values",
    points=10,
    part="generate",
    rows=some.integers(1, 3),
    length=some.integers(1, 8),
    steps=some.integers(1, 8),
    classes=some.integers(2, 6),
    receptive_field=some.integers(1, 5),
    examples=16,
)
def continues_the_prompt(solution, make, rows, length, steps, classes, receptive_field):
    """generate: the likeliest codes one after the other, after short and long prompts; no steps; small temperatures."""
    model = make.filled(Recent(classes, receptive_field), 2.0)
    prompt, long = make.integers(0, classes, rows, length), make.integers(0, classes, rows, 20)
    generate = solution.generate
    return {
        "temperature 0": lambda: generate(model, prompt, steps, 0.0),
        "temperature 0, generator": lambda: generate(model, prompt, steps, temperature=0, generator=make.generator()),
        "short prompt": lambda: generate(model, prompt[:, :1], steps, 0.0),
        "long prompt": lambda: generate(model, long, steps, 0.0),
        "one step": lambda: generate(model, long, 1, 0.0),
        "no steps": lambda: [generate(model, prompt, 0), generate(model, prompt, 0, 0.0)],
        "small temperature": lambda: generate(Steps(), make.integers(0, 4, rows, length), steps, 1e-3),
        "float64": lambda: generate(make.filled(Recent(classes, receptive_field), 2.0).double(), prompt, steps, 0.0),
    }


ROWS = 2000


def frequencies(drawn, weights, what):
    """None when independent draws have these relative weights, else a sentence; false alarms below 1e-6."""
    counts, total = torch.bincount(drawn.flatten(), minlength=len(weights)).tolist(), drawn.numel()
    for value, (count, weight) in enumerate(zip(counts, weights, strict=True)):
        share = weight / sum(weights)
        if abs(count - total * share) > 5.5 * math.sqrt(total * share * (1 - share)):
            return f"{what}: {value} comes up in {count / total:.3g} of all cases, expected {share:.3g}"
    return None


def as_modelled(evidence):
    got, expected = evidence.got, {"plain": [2, 4, 1, 3], "temperature 0.5": [4, 16, 1, 9], "generator": [2, 4, 1, 3]}
    for key in evidence.expected:
        codes = got.get(key) if isinstance(got, dict) else None
        if not isinstance(codes, torch.Tensor) or codes.shape != (ROWS, 5) or codes.dtype != torch.int64:
            return "generate should return int64 codes of shape (B, T + steps)"
        if not bool(((codes >= 0) & (codes < 4)).all()):
            return "a generated code is not one of the model's classes"
    for key, weights in expected.items():
        steps = (got[key][:, 2:] - got[key][:, 1:-1]) % 4  # (B, 3): the generated ones
        if sentence := frequencies(steps, weights, f"{key}, step from code to code (modulo 4)"):
            return sentence
        pairs = [a * b for a in weights for b in weights]
        if sentence := frequencies(steps[:, 0] * 4 + steps[:, 1], pairs, f"{key}, two steps as one number below 16"):
            return sentence
    if not torch.equal(got["generator"], got["again"]):
        return "the same generator state gave two different results"
    if torch.equal(got["generator"], got["later"]):
        return "two calls with one generator gave the same result: it should be drawn from, and move on"
    return None


@check("values", points=10, part="generate", judged_by=as_modelled)
def draws_from_the_model(solution, make):
    """generate: how often each code is drawn, with and without a temperature; the generator."""
    model, prompt, generator = Steps(), make.integers(0, 4, ROWS, 2), make.generator()
    return {
        "plain": solution.generate(model, prompt, 3),
        "temperature 0.5": solution.generate(model, prompt, 3, 0.5),
        "generator": solution.generate(model, prompt, 3, generator=generator),
        "later": solution.generate(model, prompt, 3, generator=generator),
        "again": solution.generate(model, prompt, 3, generator=make.generator()),
    }


@check("values", points=5, tag="edge", part="generate")
def leaves_the_model_alone(solution, make):
    """generate: evaluation mode and no graph while it runs, modes and prompt as before, ValueError."""
    prompt = make.integers(0, 4, 2, 3)

    def modes_after(prepare, *temperature):
        model = make.filled(Recent(4, 2))
        prepare(model)
        codes = solution.generate(model, prompt, 3, *temperature)
        return {"shape": codes.shape, "modes": modes(model)}

    def while_it_runs():
        model = make.filled(Recent(4, 2)).train()
        codes = solution.generate(model, prompt, 3)
        return {
            "the model was called": len(model.seen) > 0,
            "a module is in training mode": any(training for training, _ in model.seen),
            "a graph is built": any(graph for _, graph in model.seen) or codes.requires_grad,
            "gradients are on afterwards": torch.is_grad_enabled(),
        }

    def negative():
        model = make.filled(Recent(4, 2))
        return [outcome(solution.generate, model, prompt, 2, temperature) for temperature in (-1.0, -1e-3)]

    return {
        "all in training": lambda: modes_after(lambda model: model.train()),
        "all in evaluation": lambda: modes_after(lambda model: model.eval(), 0.0),
        "a part in evaluation": lambda: modes_after(lambda model: model.train().body.eval()),
        "a part in training": lambda: modes_after(lambda model: model.eval().body[0].train()),
        "while it runs": while_it_runs,
        "unchanged": lambda: changes(lambda: solution.generate(make.filled(Recent(4, 2)), prompt, 3), prompt),
        "temperature below 0": negative,
    }
