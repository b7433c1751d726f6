"""What 28-asr-ctc is judged on."""

import math

import torch
from hypothesis import strategies as some

from judge.checks import at_most, check, outcome

REDUCTIONS = ("none", "mean", "sum")
SIZES = {
    "batch": some.integers(1, 3),
    "labels": some.integers(0, 4),
    "extra": some.integers(0, 4),
    "vocab": some.integers(2, 5),
}


def utterances(make, batch, labels, extra, vocab, blank=0, std=2.0):
    """Logits (T, B, V), targets (B, S), both lengths; every target fits, whatever labels repeat."""
    steps = 2 * labels + 1 + extra
    logits = make.normal(steps, batch, vocab, std=std)
    targets = (make.integers(1, vocab, batch, labels) + blank) % vocab
    target_lengths = make.integers(0, labels + 1, batch)
    input_lengths = make.integers(2 * labels + 1, steps + 1, batch)
    return logits, targets, input_lengths, target_lengths


def given_case(make, steps, targets, input_lengths, target_lengths, vocab=4):
    """Random log-probabilities with hand-written targets and lengths."""
    log_probs = make.normal(steps, len(targets), vocab).log_softmax(-1)
    return log_probs, make.tensor(targets), make.tensor(input_lengths), make.tensor(target_lengths)


@check("values", points=25, part="ctc_loss", **SIZES)
def sums_over_alignments(solution, make, batch, labels, extra, vocab):
    """The loss: all reductions, ragged lengths, another blank."""

    def run(reduction="none", blank=0):
        logits, *rest = utterances(make, batch, labels, extra, vocab, blank)
        return solution.ctc_loss(logits.log_softmax(-1), *rest, blank=blank, reduction=reduction)

    return {
        **{reduction: lambda reduction=reduction: run(reduction) for reduction in REDUCTIONS},
        "default": lambda: solution.ctc_loss(*utterances(make, batch, labels, extra, vocab)),
        "last symbol is the blank": lambda: run(blank=vocab - 1),
    }


# Three utterances of 3 frames: fits; too many labels; two equal labels need 3 frames and have 2.
IMPOSSIBLE = (3, [[1, 2, 3, 1], [1, 2, 3, 1], [2, 2, 0, 0]], [3, 3, 2], [2, 4, 2])


def with_infinities(make):
    """Some log-probabilities are -inf: sample 0 loses some alignments, sample 1 loses all of them."""
    log_probs, *rest = given_case(make, 5, [[1, 2], [1, 3], [2, 0]], [5, 5, 4], [2, 2, 1])
    log_probs = log_probs.clone()
    log_probs[:, 0, 3], log_probs[1, 0, 0], log_probs[:, 1, 1] = -math.inf, -math.inf, -math.inf
    return log_probs, *rest


@check("values", points=15, tag="edge", part="ctc_loss")
def survives_the_edges(solution, make):
    """Equal labels, empty targets, impossible samples, padding, -inf, 500 frames."""
    loss = solution.ctc_loss

    def padding_may_hold_anything():
        rows = [[1, 2, -7], [3, 1 << 40, -1], [99, 99, 99]]
        return loss(*given_case(make, 6, rows, [6, 5, 4], [2, 1, 0]), reduction="none")

    def inputs_unchanged():
        inputs = given_case(make, 6, [[1, 2, -7], [3, 2, 99]], [6, 5], [2, 1])
        before = [tensor.clone() for tensor in inputs]
        loss(*inputs)
        return [tensor - old for tensor, old in zip(inputs, before, strict=True)]

    def of_500_frames():
        return loss(*given_case(make, 500, [[1, 2, 2, 3, 1], [3, 1, 2, 0, 0]], [500, 480], [5, 3]), reduction="none")

    def in_float64():
        log_probs, *rest = given_case(make, 6, [[1, 2], [3, 3]], [6, 5], [2, 2])
        return loss(log_probs.double(), *rest, reduction="none")

    def bad_reduction():
        return outcome(loss, *given_case(make, 4, [[1]], [4], [1]), reduction="average")

    return {
        "equal labels": lambda: loss(*given_case(make, 7, [[2, 2, 2], [1, 1, 2]], [7, 6], [3, 3]), reduction="none"),
        "just enough frames": lambda: loss(
            *given_case(make, 4, [[2, 2, 1], [1, 2, 3]], [4, 3], [3, 3]), reduction="none"
        ),
        "empty target": lambda: loss(*given_case(make, 4, [[1, 2], [1, 2]], [4, 3], [0, 2]), reduction="none"),
        "empty target, mean": lambda: loss(*given_case(make, 4, [[1, 2], [1, 2]], [4, 3], [0, 2])),
        "no label in the batch": lambda: loss(
            *given_case(make, 3, torch.zeros(2, 0).long(), [3, 1], [0, 0]), reduction="none"
        ),
        "one frame": lambda: loss(*given_case(make, 1, [[3], [1]], [1, 1], [1, 0]), reduction="none"),
        **{
            f"impossible, {reduction}": lambda reduction=reduction: loss(
                *given_case(make, *IMPOSSIBLE), reduction=reduction
            )
            for reduction in REDUCTIONS
        },
        **{
            f"zero_infinity, {reduction}": lambda reduction=reduction: loss(
                *given_case(make, *IMPOSSIBLE), reduction=reduction, zero_infinity=True
            )
            for reduction in REDUCTIONS
        },
        "padding of targets": padding_may_hold_anything,
        "-inf": lambda: loss(*with_infinities(make), reduction="none"),
        "500 frames": of_500_frames,
        "float64": in_float64,
        "inputs unchanged": inputs_unchanged,
        "bad reduction": bad_reduction,
    }


@check("gradient", points=20, part="ctc_loss", **SIZES, examples=8)
def passes_gradients_back(solution, make, batch, labels, extra, vocab):
    """Gradients of log_probs, and of the logits below a log_softmax."""

    def run(reduction, below=False, blank=0):
        # Not too unlikely: gradients made of exp(log alpha + log beta) lose digits with each nat of the loss.
        logits, *rest = utterances(make, batch, labels, extra, vocab, blank, std=1.0)
        leaf = (logits if below else logits.log_softmax(-1)).requires_grad_()
        log_probs = leaf.log_softmax(-1) if below else leaf
        loss = solution.ctc_loss(log_probs, *rest, blank=blank, reduction=reduction)
        (loss * make.normal(*loss.shape)).sum().backward()
        return leaf.grad

    return {
        "log_probs, none": lambda: run("none"),
        "log_probs, sum": lambda: run("sum"),
        "logits, none": lambda: run("none", below=True, blank=vocab - 1),
        "logits, mean": lambda: run("mean", below=True),
    }


@check("gradient", points=10, tag="edge", part="ctc_loss")
def keeps_gradients_finite(solution, make):
    """Gradient 0, never nan: impossible samples, log-probabilities of -inf."""

    def run(inputs, reduction, zero_infinity=False):
        log_probs, *rest = inputs
        leaf = log_probs.detach().requires_grad_()
        solution.ctc_loss(leaf, *rest, reduction=reduction, zero_infinity=zero_infinity).sum().backward()
        return leaf.grad

    return {
        "impossible, none": lambda: run(given_case(make, *IMPOSSIBLE), "none"),
        "impossible, mean": lambda: run(given_case(make, *IMPOSSIBLE), "mean"),
        "zero_infinity, none": lambda: run(given_case(make, *IMPOSSIBLE), "none", True),
        "zero_infinity, sum": lambda: run(given_case(make, *IMPOSSIBLE), "sum", True),
        "-inf": lambda: run(with_infinities(make), "none"),
        "-inf, zero_infinity": lambda: run(with_infinities(make), "mean", True),
    }


@check("timing", points=10, part="ctc_loss", limit=5.0)
def is_vectorised(solution, make):
    """Time of forward and backward for 16 utterances with up to 5 labels each."""
    log_probs = make.normal(12, 16, 10).log_softmax(-1).requires_grad_()
    targets, target_lengths = make.integers(1, 10, 16, 5), make.integers(3, 6, 16)
    input_lengths = make.integers(10, 13, 16)

    def run():
        loss = solution.ctc_loss(log_probs, targets, input_lengths, target_lengths)
        loss.backward()
        return loss, log_probs.grad

    return run


def recognised(solution, make, features, lengths):
    model = solution.SpeechRecognizer(5, 12, 7).to(make.device, make.dtype).eval()
    with torch.no_grad():
        return model, *model(features, lengths)


def are_log_probabilities(evidence):
    if not isinstance(evidence.got, tuple) or len(evidence.got) != 2:
        return "forward should return two tensors: log-probabilities and lengths"
    log_probs, lengths = evidence.got
    if not isinstance(log_probs, torch.Tensor) or log_probs.dim() != 3 or log_probs.shape[1:] != (3, 7):
        return f"log-probabilities should have shape (T', 3, 7), got {tuple(getattr(log_probs, 'shape', ()))}"
    if not isinstance(lengths, torch.Tensor) or lengths.shape != (3,) or lengths.dtype != torch.int64:
        return "the second answer should be the output lengths: a LongTensor of shape (3,)"
    if int(lengths.min()) < 1 or int(lengths.max()) > len(log_probs):
        return f"output lengths {lengths.tolist()} are not between 1 and T' = {len(log_probs)}"
    for row, length in enumerate(lengths.tolist()):
        total = log_probs[:length, row].double().exp().sum(-1)
        if not bool(((total - 1).abs() < 1e-4).all()):
            return f"the probabilities of one frame add up to {float(total[0]):.4g}, not to 1"
    return None


@check("shape", points=5, part="SpeechRecognizer", judged_by=are_log_probabilities)
def has_the_right_shapes(solution, make):
    """The recognizer returns (T', B, vocab_size) log-probabilities and lengths."""
    _, log_probs, lengths = recognised(solution, make, make.normal(3, 9, 5), make.tensor([4, 9, 1]))
    return log_probs, lengths


def are_the_same(evidence):
    if not isinstance(evidence.got, list) or len(evidence.got) != 4:
        return "forward should return log-probabilities and lengths"
    (expected, lengths), *others = evidence.got
    for (log_probs, other_lengths), what in zip(others, ("other padding", "more padding", "no padding"), strict=True):
        if not isinstance(other_lengths, torch.Tensor) or not torch.equal(lengths, other_lengths):
            return f"with {what}, the output lengths change"
        for row, length in enumerate(lengths.tolist()):
            one, other = expected[:length, row].double(), log_probs[:length, row].double()
            if one.shape != other.shape or not torch.allclose(one, other, rtol=1e-3, atol=1e-3):
                return f"with {what}, the outputs of an utterance change within its length"
    return None


@check("values", points=5, part="SpeechRecognizer", judged_by=are_the_same)
def ignores_padding_frames(solution, make):
    """In evaluation, padding frames change nothing in the valid outputs."""
    features, lengths = make.normal(3, 9, 5), make.tensor([5, 9, 1])
    model, *plain = recognised(solution, make, features, lengths)
    real = (torch.arange(9, device=make.device) < lengths[:, None])[..., None]
    with torch.no_grad():
        junk = model(torch.where(real, features, 30 * make.normal(3, 9, 5)), lengths)
        longer = model(torch.cat([features, 30 * make.normal(3, 4, 5)], 1), lengths)
        alone = [
            model(features[row : row + 1, :length], lengths[row : row + 1]) for row, length in enumerate([5, 9, 1])
        ]
    steps = max(len(log_probs) for log_probs, _ in alone)
    padded = [torch.nn.functional.pad(log_probs, (0, 0, 0, 0, 0, steps - len(log_probs))) for log_probs, _ in alone]
    single = torch.cat(padded, 1), torch.cat([length for _, length in alone])
    return [tuple(plain), tuple(junk), tuple(longer), single]


VOCAB = 6


def spoken(make):
    """Utterances of 1 or 2 labels: 4 or 5 noisy frames a label, one of silence around each."""
    count, most = 320, 2
    sounds = 2 * make.normal(VOCAB, 8)
    targets, counts = make.integers(1, VOCAB, count, most), make.integers(1, most + 1, count)
    features, lengths = torch.zeros(count, 6 * most + 1, 8), torch.zeros(count, dtype=torch.long)
    for row in range(count):
        at = 1
        for label in targets[row, : counts[row]]:
            frames = make.integer(4, 6)
            features[row, at : at + frames] = sounds[label]
            at += frames + 1
        lengths[row] = at
    features += 0.3 * make.normal(*features.shape)
    seen = 256
    given = {"x": features[:seen], "lengths": lengths[:seen], "targets": targets[:seen], "counts": counts[:seen]}
    given |= {"x_new": features[seen:], "lengths_new": lengths[seen:]}
    return given, (targets[seen:], counts[seen:])


def label_error_rate(answer, hidden):
    """Edit distance between greedy transcripts and targets, over the targets' length."""
    if not isinstance(answer, dict) or answer["symbols"].dim() != 2 or answer["lengths"].shape != hidden[1].shape:
        return "forward should return (T', B, vocab_size) log-probabilities and (B,) lengths"
    errors = 0
    for row, (target, count) in enumerate(zip(*hidden, strict=True)):
        frames = answer["symbols"][: int(answer["lengths"][row]), row].tolist()
        collapsed = [symbol for symbol, before in zip(frames, [0, *frames], strict=False) if symbol != before]
        errors += edit_distance([symbol for symbol in collapsed if symbol != 0], target[:count].tolist())
    return errors / int(hidden[1].sum())


def edit_distance(first, second):
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


@check("convergence", points=10, task=spoken, judged_by=at_most(0.4, label_error_rate, "label error rate"))
def transcribes_new_utterances(solution, make, given):
    """Trains with your loss, then transcribes utterances it never heard."""
    model, curve = solution.SpeechRecognizer(8, 32, VOCAB).to(make.device).train(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(140):
        rows = torch.arange(step * 16, (step + 1) * 16, device=make.device) % len(given["x"])
        log_probs, lengths = model(given["x"][rows], given["lengths"][rows])
        loss = solution.ctc_loss(log_probs, given["targets"][rows], lengths, given["counts"][rows], zero_infinity=True)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        log_probs, lengths = model.eval()(given["x_new"], given["lengths_new"])
    return {"symbols": log_probs.argmax(-1), "lengths": lengths}, curve
