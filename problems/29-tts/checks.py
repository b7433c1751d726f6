"""What 29-tts is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import (
    Ruling,
    batch_of,
    changes,
    check,
    gradients,
    minimise,
    outcome,
)

SIZES = {"batch": some.integers(1, 3), "rows": some.integers(1, 5)}
PHONEMES, MELS = 8, 5


@check("shape", points=5, mels=some.integers(1, 4), dim=some.sampled_from([8, 16]), **SIZES)
def has_the_right_shapes(solution, make, batch, rows, mels, dim):
    """Shapes and types of everything that is returned."""
    durations = make.integers(0, 4, batch, rows)

    def described(*tensors):
        return [(tensor.shape, tensor.new_zeros(())) for tensor in tensors]

    def loss():
        pred = make.normal(batch, rows, mels)
        return described(solution.masked_l1(pred, make.normal(batch, rows, mels), make.integers(0, rows + 1, batch)))

    def model(phonemes, *durations):
        return described(*solution.AcousticModel(PHONEMES, dim, mels).to(make.device, make.dtype)(phonemes, *durations))

    def own_durations():
        return [shape[-1:] for shape, _ in model(make.integers(1, PHONEMES, batch, rows))]

    return {
        "length_regulate": lambda: described(*solution.length_regulate(make.normal(batch, rows, dim), durations)),
        "masked_l1": loss,
        "model": lambda: model(make.integers(1, PHONEMES, batch, rows), durations + 1),
        "model, own durations": own_durations,
    }


@check(
    "values",
    points=20,
    part="length-regulator",
    most=some.integers(1, 4),
    max_len=some.integers(1, 12),
    examples=16,
    **SIZES,
)
def repeats_the_rows(solution, make, batch, rows, most, max_len):
    """length_regulate: frames and lengths, without max_len and with one that pads or cuts."""
    hidden, durations = make.normal(batch, rows, 3), make.integers(0, most + 1, batch, rows)
    regulate = solution.length_regulate
    return {
        "longest": lambda: regulate(hidden, durations),
        "max_len": lambda: regulate(hidden, durations, max_len),
        "max_len pads": lambda: regulate(hidden, durations, max_len=20),
        "max_len cuts": lambda: regulate(hidden, durations + 1, rows),
        "every row once": lambda: regulate(hidden, torch.ones_like(durations)),
        "one row has no frames": lambda: regulate(hidden, durations * make.mask(batch, 1, at_least_one=False)),
    }


@check("values", points=10, tag="edge", part="length-regulator")
def regulates_the_edges(solution, make):
    """length_regulate: no frames at all, leading and trailing zeros, ValueError, float64, inputs unchanged."""
    regulate, hidden = solution.length_regulate, make.normal(3, 4, 2)
    durations = make.tensor([[0, 2, 0, 1], [0, 0, 3, 0], [0, 0, 0, 0]])
    return {
        "no frames": lambda: regulate(hidden, torch.zeros_like(durations)),
        "no frames, max_len": lambda: regulate(hidden, torch.zeros_like(durations), 3),
        "max_len 0": lambda: regulate(hidden, durations, 0),
        "zeros between": lambda: regulate(hidden, durations),
        "a single long one": lambda: regulate(hidden[:1, :1], make.tensor([[500]])),
        "negative": lambda: [
            outcome(regulate, hidden, durations - 1),
            outcome(regulate, hidden, durations.masked_fill(durations == 3, -1), 5),
        ],
        "float64": lambda: regulate(hidden.double(), durations, 4),
        "unchanged": lambda: changes(lambda: regulate(hidden, durations, 2), hidden, durations),
    }


@check("gradient", points=10, examples=8, **SIZES)
def lets_gradients_through(solution, make, batch, rows):
    """Gradients of length_regulate, also where frames are cut, and of masked_l1, also without frames."""
    durations = make.integers(0, 4, batch, rows)

    def regulate(*max_len):
        hidden = make.normal(batch, rows, 3, requires_grad=True)
        out, _ = solution.length_regulate(hidden, durations, *max_len)
        (out * make.normal(*out.shape)).sum().backward()
        return gradients(hidden=hidden)

    def loss(lengths):
        pred, target = make.normal(batch, 6, 3, requires_grad=True), make.normal(batch, 6, 3, requires_grad=True)
        solution.masked_l1(pred, target, lengths).backward()
        return gradients(pred=pred, target=target)

    return {
        "length_regulate": regulate,
        "length_regulate, cut": lambda: regulate(3),
        "length_regulate, padded": lambda: regulate(20),
        "masked_l1": lambda: loss(make.integers(0, 7, batch)),
        "masked_l1, no frames": lambda: loss(make.integers(0, 1, batch)),
    }


@check(
    "values", points=15, part="loss", length=some.integers(1, 6), mels=some.integers(1, 4), batch=some.integers(1, 4)
)
def averages_valid_frames(solution, make, batch, length, mels):
    """masked_l1: the mean over valid frames and mels; no valid frames; large numbers behind the end; float64."""
    loss = solution.masked_l1
    pred, target = make.normal(batch, length, mels), make.normal(batch, length, mels)
    lengths = make.integers(0, length + 1, batch)
    late = torch.arange(length, device=make.device)[None, :, None] >= lengths[:, None, None]

    def long_and_short():
        return loss(make.normal(2, 6, mels), make.normal(2, 6, mels), make.tensor([6, 1]))

    return {
        "all frames": lambda: loss(pred, target, torch.full_like(lengths, length)),
        "some frames": lambda: loss(pred, target, lengths),
        "a long and a short one": long_and_short,
        "no frames": lambda: loss(pred, target, torch.zeros_like(lengths)),
        "large behind the end": lambda: loss(pred + 1e4 * late, target - 1e4 * late, lengths),
        "float64": lambda: loss(pred.double(), target.double(), lengths),
        "unchanged": lambda: changes(lambda: loss(pred, target, lengths), pred, target, lengths),
    }


def model_of(solution, make):
    return solution.AcousticModel(PHONEMES, 8, MELS).to(make.device, make.dtype).eval()


def phonemes_of(make, batch, rows):
    """Phonemes with padding at the end; the first of each row is real."""
    phonemes, counts = make.integers(1, PHONEMES, batch, rows), make.integers(1, rows + 1, batch)
    return phonemes.masked_fill(torch.arange(rows, device=make.device) >= counts[:, None], 0)


@check("values", points=10, part="model", **SIZES)
def makes_the_frames(solution, make, batch, rows):
    """The model with given durations: lengths, silence behind the end, padding without frames, ValueError."""
    phonemes, durations = phonemes_of(make, batch, rows), make.integers(1, 5, batch, rows)

    def frames(phonemes, durations):
        mel, _, lengths = model_of(solution, make)(phonemes.clone(), durations.clone())
        late = torch.arange(mel.shape[1], device=mel.device) >= lengths[:, None].to(mel.device)
        return {"lengths": lengths, "shape": mel.shape, "behind the end": mel * late[..., None].to(mel.dtype)}

    def float64():
        mel, log_durations, lengths = model_of(solution, make).double()(phonemes.clone(), durations.clone())
        return mel.new_zeros(()), log_durations.new_zeros(()), lengths

    def unchanged():
        padded = torch.cat([phonemes, phonemes * 0], 1)
        given = durations.repeat(1, 2)
        return changes(lambda: model_of(solution, make)(padded, given), padded, given)

    return {
        "no padding": lambda: frames(make.integers(1, PHONEMES, batch, rows), durations),
        "padding": lambda: frames(phonemes, durations),
        "padding between": lambda: frames(torch.cat([phonemes * 0, phonemes, phonemes], 1), durations.repeat(1, 3)),
        "some are 0": lambda: frames(torch.cat([phonemes, phonemes], 1), torch.cat([durations, durations * 0], 1)),
        "negative": lambda: outcome(model_of(solution, make), phonemes.clamp(min=1), durations - 5),
        "float64": float64,
        "unchanged": unchanged,
    }


def rounded_or_one(evidence):
    got, phonemes = evidence.got, evidence.expected["phonemes"]
    if not isinstance(got, dict) or set(got) != set(evidence.expected):
        return "the model did not train on its log_durations"
    logs, lengths, frames = got["log_durations"], got["lengths"], got["frames"]
    for tensor, shape in ((logs, phonemes.shape), (lengths, phonemes.shape[:1])):
        if not isinstance(tensor, torch.Tensor) or tensor.shape != shape or not bool(tensor.isfinite().all()):
            return "log_durations should be finite, of shape (B, S), and lengths of shape (B,)"
    if lengths.dtype != torch.int64:
        return f"lengths should be int64, not {lengths.dtype}"
    exact = logs.double().exp() - 1
    least, most = ((exact + slack).round().clamp(min=1) * (phonemes > 0) for slack in (-1e-3, 1e-3))
    for row, length in enumerate(lengths.tolist()):
        low, high = int(least[row].sum()), int(most[row].sum())
        if not low <= length <= high:
            return f"row {row} of the phonemes gets {length} frames, expected {low}, from its log_durations"
    if frames != int(lengths.max()):
        return f"mel has {frames} frames, the longest of the lengths is {int(lengths.max())}"
    return None


@check("values", points=10, part="model", judged_by=rounded_or_one)
def uses_its_own_durations(solution, make):
    """The model without durations: round(exp(log_duration) - 1) frames, at least 1, none for padding."""
    model, phonemes = model_of(solution, make), phonemes_of(make, 24, 6)
    real, targets = phonemes > 0, (phonemes.to(make.dtype) * 0.75).sqrt() - 0.5  # some below log(1 + 1/2): no frame

    def loss(step):
        return ((model(phonemes, phonemes * 0 + 1)[1] - targets) * real).square().sum() / real.sum()

    minimise(loss, model.parameters(), 40, lr=0.02)
    with torch.no_grad():
        mel, log_durations, lengths = model(phonemes)
    return {"phonemes": phonemes, "log_durations": log_durations, "lengths": lengths, "frames": mel.shape[1]}


@check("timing", points=5, part="length-regulator", limit=6.0)
def repeats_4096_rows(solution, make):
    """Time of length_regulate for 32 sequences of 128 rows, against the reference's."""
    hidden, durations = make.normal(32, 128, 16), make.integers(0, 9, 32, 128)
    return lambda: solution.length_regulate(hidden, durations)


LONGEST = 6  # phonemes in a row


def speech(make):
    """Each phoneme has a secret duration of 1 to 4 frames and a secret spectrum."""
    count = 384
    duration, spectrum = make.integers(1, 5, PHONEMES), make.normal(PHONEMES, MELS)
    counts = make.integers(3, LONGEST + 1, count)
    phonemes = make.integers(1, PHONEMES, count, LONGEST)
    phonemes = phonemes.masked_fill(torch.arange(LONGEST) >= counts[:, None], 0)
    durations = duration[phonemes].masked_fill(phonemes == 0, 0)
    lengths, mel = durations.sum(1), torch.zeros(count, 4 * LONGEST, MELS)
    for index in range(count):
        mel[index, : lengths[index]] = spectrum[phonemes[index]].repeat_interleave(durations[index], 0)
    train = {"phonemes": phonemes, "durations": durations, "lengths": lengths, "mel": mel}
    given = {name: tensor[:320] for name, tensor in train.items()}
    return {**given, "new": phonemes[320:]}, {"mel": mel[320:], "lengths": lengths[320:]}


def sounds_right(evidence):
    got, hidden = evidence.got, evidence.hidden
    spoken = got[0] if isinstance(got, tuple) and len(got) == 2 else None
    if not isinstance(spoken, dict) or not all(isinstance(spoken.get(key), torch.Tensor) for key in hidden):
        return "the model did not answer with mel and lengths"
    mel, lengths = spoken["mel"], spoken["lengths"]
    if mel.dim() != 3 or mel.shape[::2] != hidden["mel"].shape[::2] or lengths.shape != hidden["lengths"].shape:
        return "mel should be (B, T, M) and lengths (B,)"
    right = lengths == hidden["lengths"]
    wrong = float(((lengths - hidden["lengths"]).abs() / hidden["lengths"]).double().mean())
    if not wrong <= 0.08 or not bool(right.any()):
        return Ruling(False, f"new lengths are off by {wrong:.2%} on average, may be at most 8%")
    size = hidden["mel"].shape[1]
    padded = torch.nn.functional.pad(mel.double(), (0, 0, 0, max(0, size - mel.shape[1])))[:, :size]
    error = (padded - hidden["mel"]).abs()[right].sum() / (hidden["lengths"][right].sum() * MELS)
    told = f"mean error of the new mel frames {float(error):.3g}, may be at most 0.3; lengths off by {wrong:.2%}"
    return Ruling(bool(error <= 0.3), told)


@check("convergence", points=15, task=speech, judged_by=sounds_right)
def learns_to_speak(solution, make, given):
    """Trains for 200 steps on mel frames and durations, then speaks new phonemes with its own durations."""
    model = solution.AcousticModel(PHONEMES, 32, MELS).to(make.device).train()

    def loss(step):
        phonemes, durations, lengths, mel = batch_of(given, step, 16, ("phonemes", "durations", "lengths", "mel"))
        spoken, log_durations, _ = model(phonemes, durations)
        real = phonemes > 0
        wrong = (log_durations - (durations + 1).log())[real].square().mean()
        return solution.masked_l1(spoken, mel[:, : spoken.shape[1]], lengths) + wrong

    curve = minimise(loss, model.parameters(), 200, lr=0.01)
    model.eval()
    with torch.no_grad():
        mel, _, lengths = model(given["new"])
    return {"mel": mel, "lengths": lengths}, curve
