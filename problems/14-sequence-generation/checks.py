"""What 14-sequence-generation is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, modes, names_and_shapes, outcome

SIZES = {"batch": some.integers(1, 3), "length": some.integers(1, 6), "vocabulary": some.integers(2, 6)}


@check(
    "shape",
    points=5,
    part="model",
    vocabulary=some.integers(1, 6),
    embed=some.integers(1, 5),
    hidden=some.integers(1, 5),
    layers=some.integers(1, 3),
)
def has_the_right_names(solution, make, vocabulary, embed, hidden, layers):
    """Names and shapes of the parameters, of the logits; the state is a tuple."""

    def forward():
        model = solution.SequenceModel(vocabulary, embed, hidden, layers).to(make.device, make.dtype)
        logits, state = model(make.integers(0, vocabulary, 2, 3))
        return {"logits": logits.shape, "the state is a tuple": isinstance(state, tuple)}

    return {
        "names": lambda: names_and_shapes(solution.SequenceModel(vocabulary, embed, hidden, layers)),
        "one layer": lambda: names_and_shapes(solution.SequenceModel(vocabulary, embed, hidden)),
        "forward": forward,
    }


def model_of(solution, make, vocabulary=5, layers=1):
    return make.filled(solution.SequenceModel(vocabulary, 4, 6, layers), 1.5)


@check("values", points=10, part="model", layers=some.integers(1, 2), **SIZES)
def reads_a_sequence(solution, make, batch, length, vocabulary, layers):
    """The logits of a whole batch, and of each row by itself."""
    model, tokens = model_of(solution, make, vocabulary, layers), make.integers(0, vocabulary, batch, length)
    return {
        "batch": lambda: model(tokens)[0],
        "row by row": lambda: [model(tokens[row : row + 1])[0] for row in range(batch)],
        "float64": lambda: model_of(solution, make, vocabulary, layers).double()(tokens)[0],
    }


@check("values", points=15, part="model", layers=some.integers(1, 2), **SIZES)
def reads_in_pieces(solution, make, batch, length, vocabulary, layers):
    """The logits of a sequence that comes in pieces, with the state in between."""
    model, tokens = model_of(solution, make, vocabulary, layers), make.integers(0, vocabulary, batch, length + 2)

    def pieces(*ends):
        logits, state, begin = [], None, 0
        for end in ends:
            piece, state = model(tokens[:, begin:end], state)
            logits.append(piece)
            begin = end
        return torch.cat(logits, 1)

    def twice():  # from one state, two ways to go on
        _, state = model(tokens[:, :2])
        return [model(tokens[:, 2:], state)[0], model(tokens[:, 2:].flip(1), state)[0], model(tokens[:, 2:], state)[0]]

    return {
        "two pieces": lambda: pieces(2, length + 2),
        "token by token": lambda: pieces(*range(1, length + 3)),
        "one state, three times": twice,
        "unchanged": lambda: changes(lambda: model(tokens), tokens),
    }


def targets_of(make, batch, length, vocabulary, ignore_index=-100, share=0.6):
    """Targets of which about this share counts; at least one does."""
    targets, counts = make.integers(0, vocabulary, batch, length), make.mask(batch, length, share=share)
    return targets.masked_fill(~counts, ignore_index)


@check("values", points=15, part="loss", **SIZES)
def averages_what_counts(solution, make, batch, length, vocabulary):
    """sequence_loss: all targets count, some do, none does; other values of ignore_index; large logits."""
    loss, logits = solution.sequence_loss, make.normal(batch, length, vocabulary, std=2.0)
    targets = make.integers(0, vocabulary, batch, length)
    padded = targets_of(make, batch, length, vocabulary)
    large = make.normal(batch, length, vocabulary, std=1000.0)
    return {
        "all count": lambda: loss(logits, targets),
        "some count": lambda: loss(logits, padded),
        "a long and a short row": lambda: loss(
            make.normal(2, 5, vocabulary),
            torch.cat([make.integers(0, vocabulary, 2, 1), targets_of(make, 2, 4, vocabulary, share=0.3)], 1),
        ),
        "ignore_index 0": lambda: loss(logits, targets, ignore_index=0),
        "ignore_index 99": lambda: loss(logits, targets_of(make, batch, length, vocabulary, 99), 99),
        "none counts": lambda: loss(logits, torch.full_like(targets, -100)),
        "large logits": lambda: loss(large, targets),
        "float64": lambda: loss(make.normal(batch, length, vocabulary, dtype=torch.float64), padded),
        "unchanged": lambda: changes(lambda: loss(logits, padded), logits, padded),
    }


@check("gradient", points=10, part="loss", examples=8, **SIZES)
def learns_from_what_counts(solution, make, batch, length, vocabulary):
    """sequence_loss: the gradient of the logits, also where no target counts."""

    def gradient(targets, *ignore_index):
        logits = make.normal(batch, length, vocabulary, requires_grad=True)
        solution.sequence_loss(logits, targets, *ignore_index).backward()
        return gradients(logits=logits)

    return {
        "all count": lambda: gradient(make.integers(0, vocabulary, batch, length)),
        "some count": lambda: gradient(targets_of(make, batch, length, vocabulary)),
        "ignore_index 1": lambda: gradient(make.integers(0, vocabulary, batch, length), 1),
        "none counts": lambda: gradient(make.tensor(torch.full((batch, length), 1)), 1),
    }


class Sums(nn.Module):
    """A recurrent language model with dropout, called as SequenceModel; its state is the sum of all it has read.

    It notes the width of each call, whether a module is in training mode, and whether a graph is built.
    """

    def __init__(self, vocabulary, calls=99):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 8)
        self.body = nn.Sequential(nn.Dropout(0.5), nn.Linear(8, vocabulary))
        self.calls = calls  # then it raises
        self.widths, self.training_seen, self.graph_seen = [], False, False

    def forward(self, tokens, state=None):
        if len(self.widths) == self.calls:
            raise RuntimeError("out of order")
        sums = self.embedding(tokens).cumsum(1)
        if state is not None:
            sums = sums + state[0]
        logits = self.body((6 * sums).sin())
        self.widths.append(tokens.shape[1])
        self.training_seen |= any(modes(self).values())
        self.graph_seen |= logits.requires_grad
        return logits, (sums[:, -1:],)


class Scripted(nn.Module):
    """Wants a given token next in each row, by how much it has read; called as SequenceModel."""

    def __init__(self, script, start):
        super().__init__()
        self.body = nn.Linear(1, 1)
        self.script, self.start = script, start  # what comes after `start` tokens, and after those

    def forward(self, tokens, state=None):
        read = (0 if state is None else state[0]) + tokens.shape[1]
        logits = torch.zeros(*tokens.shape, 5, dtype=self.body.weight.dtype, device=tokens.device)
        logits[:, -1] = nn.functional.one_hot(self.script[:, read - self.start], 5).to(logits)
        return logits, (read,)


DECODING = {
    "rows": some.integers(1, 3),
    "length": some.integers(1, 4),
    "new": some.integers(1, 6),
    "vocabulary": some.integers(2, 4),
    "eos": some.integers(0, 1),
}


@check("values", points=20, part="decoding", examples=16, **DECODING)
def decodes_greedily(solution, make, rows, length, new, vocabulary, eos):
    """greedy_decode: the tokens, with and without eos, with eos in the prompt, none at all."""
    model, prompt = make.filled(Sums(vocabulary), 3.0), make.integers(0, vocabulary, rows, length)
    decode = solution.greedy_decode

    def one_after_the_other(count):
        script = make.tensor([[2, eos, 3, 3, 3, 3], [3, 2, 2, eos, 2, 3], [eos, 4, 4, 4, 4, 4]])
        scripted = make.filled(Scripted(script, length))
        return decode(scripted, make.integers(2, 5, 3, length), count, eos)

    return {
        "no eos": lambda: decode(model, prompt, new),
        "eos": lambda: decode(model, prompt, new, eos),
        "eos in the prompt": lambda: decode(model, torch.full_like(prompt, eos), new, eos=eos),
        "rows end one after the other": lambda: [one_after_the_other(6), one_after_the_other(3)],
        "nothing new": lambda: [decode(model, prompt, 0), decode(model, prompt, 0, eos)],
        "float64": lambda: decode(make.filled(Sums(vocabulary), 3.0).double(), prompt, new, eos),
    }


@check("values", points=10, part="decoding", examples=8, **DECODING)
def reads_each_token_once(solution, make, rows, length, new, vocabulary, eos):
    """greedy_decode: number and width of the model's calls."""
    prompt = make.integers(0, vocabulary, rows, length)

    def widths(count, eos=None):
        model = make.filled(Sums(vocabulary), 3.0)
        solution.greedy_decode(model, prompt, count, eos)
        return model.widths

    return {"no eos": lambda: widths(new), "eos": lambda: widths(new, eos), "nothing new": lambda: widths(0, eos)}


@check("values", points=5, part="decoding")
def leaves_the_model_alone(solution, make):
    """greedy_decode: evaluation mode and no graph while it runs, all modes as before, also after an exception."""
    prompt = make.integers(0, 4, 2, 3)

    def modes_after(prepare, calls=99):
        model = make.filled(Sums(4, calls))
        prepare(model)
        if calls > 3:
            solution.greedy_decode(model, prompt, 3)
            return modes(model)
        return {"raised": outcome(solution.greedy_decode, model, prompt, 3), "modes": modes(model)}

    def while_it_runs():
        model = make.filled(Sums(4)).train()
        solution.greedy_decode(model, prompt, 3)
        return {
            "a module is in training mode": model.training_seen,
            "a graph is built": model.graph_seen,
            "gradients are on afterwards": torch.is_grad_enabled(),
        }

    return {
        "all in training": lambda: modes_after(lambda model: model.train()),
        "all in evaluation": lambda: modes_after(lambda model: model.eval()),
        "a part in evaluation": lambda: modes_after(lambda model: model.train().body.eval()),
        "a part in training": lambda: modes_after(lambda model: model.eval().body[0].train()),
        "after an exception": lambda: modes_after(lambda model: model.train().body.eval(), calls=1),
        "while it runs": while_it_runs,
        "unchanged": lambda: changes(lambda: solution.greedy_decode(make.filled(Sums(4)), prompt, 3, 1), prompt),
    }


SYMBOLS, LONGEST = 9, 10


def counting(make):
    """Counting by ones or twos to the end of a secret order of the symbols 1 to 8, then 0. Prompts are two symbols."""
    order = (make.permutation(SYMBOLS - 1) + 1).tolist()
    sequences = [order[first::step] for step in (1, 2) for first in range(SYMBOLS - 1) if len(order[first::step]) > 2]
    drawn = [sequences[index] for index in make.integers(0, len(sequences), 320).tolist()]
    rows = torch.tensor([sequence + [0] * (LONGEST - len(sequence)) for sequence in drawn])  # (N, LONGEST)
    steps, ends = torch.arange(LONGEST - 1), torch.tensor([len(sequence) for sequence in drawn])
    targets = rows[:, 1:].masked_fill(steps >= ends[:, None], -100)
    return {"x": rows[:256, :-1], "y": targets[:256], "prompts": rows[256:, :2]}, rows[256:]


def exactly_right(decoded, rows):
    if not isinstance(decoded, torch.Tensor) or decoded.dim() != 2 or len(decoded) != len(rows):
        return "greedy_decode did not return a row for each prompt"
    if decoded.is_floating_point() or not 2 <= decoded.shape[1] <= LONGEST:
        return f"expected int64 tokens, at most {LONGEST} in a row"
    filled = nn.functional.pad(decoded, (0, LONGEST - decoded.shape[1]))  # all rows had ended
    return float((filled == rows).all(1).double().mean())


@check(
    "convergence", points=10, task=counting, judged_by=at_least(0.9, exactly_right, "share of sequences exactly right")
)
def learns_to_count(solution, make, given):
    """Trains for 120 steps to count in an unknown order, then decodes from prompts of two symbols."""
    model = solution.SequenceModel(SYMBOLS, 16, 32).to(make.device)

    def loss(step):
        x, y = batch_of(given, step, 32)
        return solution.sequence_loss(model(x)[0], y)

    curve = minimise(loss, model.parameters(), 120, lr=0.02)
    return solution.greedy_decode(model, given["prompts"], LONGEST - 2, eos=0), curve
