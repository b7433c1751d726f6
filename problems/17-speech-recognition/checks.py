"""What 17-speech-recognition is judged on."""

import math

import torch
from hypothesis import strategies as some

from judge.checks import at_least, changes, check, gradients, minimise, outcome

SPECTRA = {
    "batch": some.integers(1, 3),
    "n_fft": some.sampled_from([32, 40, 64]),
    "hop_length": some.sampled_from([8, 13, 32, 50]),
    "n_mels": some.integers(1, 6),
    "extra": some.integers(1, 80),
}


@check("shape", points=10, part="log_mel_spectrogram", **SPECTRA)
def has_the_right_shapes(solution, make, batch, n_fft, hop_length, n_mels, extra):
    """Shapes, dtypes and devices of filterbank and spectrogram."""

    def filterbank():
        filters = solution.mel_filterbank(n_mels, n_fft, 8000)
        return filters.shape, str(filters.dtype)

    def spectrogram(dtype=None):
        waveform = make.normal(batch, n_fft // 2 + extra, dtype=dtype)
        features = solution.log_mel_spectrogram(waveform, 8000, n_fft, hop_length, n_mels)
        return features.shape, features.new_zeros(())  # the zero tells dtype and device

    def of_one_second():
        return solution.log_mel_spectrogram(make.normal(1, 16000)).shape

    return {
        "filterbank": filterbank,
        "filterbank, odd n_fft": lambda: solution.mel_filterbank(n_mels, n_fft + 1, 8000).shape,
        "spectrogram": spectrogram,
        "spectrogram, float64": lambda: spectrogram(torch.float64),
        "one second, defaults": of_one_second,
    }


RATES = {
    "n_mels": some.integers(1, 40),
    "n_fft": some.sampled_from([16, 64, 400]),
    "rate": some.sampled_from([8000, 16000, 22050]),
}


def within_rounding(evidence):
    """The filters are float32 numbers up to 1: arithmetic in float32 may move them by about 1e-4."""
    for case, expected in evidence.expected.items():
        got = evidence.got.get(case) if isinstance(evidence.got, dict) else None
        if not isinstance(got, torch.Tensor) or got.shape != expected.shape or got.dtype != torch.float32:
            return f"{case}: expected a float32 tensor of shape {tuple(expected.shape)}"
        error = (got.double() - expected.double()).abs()
        if not bool((error <= 3e-4).all()):
            row, column = divmod(int(error.nan_to_num(math.inf).argmax()), expected.shape[1])
            spacing = evidence.arguments["rate"] / evidence.arguments["n_fft"]
            return (
                f"{case}: filter {row} at bin {column} ({column * spacing:.5g} Hz) is {float(got[row, column]):.4f}, "
                f"expected {float(expected[row, column]):.4f}"
            )
    return None


@check("values", points=15, part="mel_filterbank", judged_by=within_rounding, **RATES)
def draws_triangles(solution, make, n_mels, n_fft, rate):
    """Triangles of height 1, equally spaced in mel, at the frequencies of the bins."""
    filterbank = solution.mel_filterbank
    return {
        "defaults": filterbank(n_mels, n_fft, rate),
        "f_min and f_max": filterbank(n_mels, n_fft, rate, 300.0, 3500.0),
        "f_max only": filterbank(n_mels, n_fft, rate, f_max=rate / 3),
    }


def tone(make, batch, length):
    """A few sine waves and noise."""
    time = make.tensor(torch.arange(length, dtype=torch.float64) / length)
    waves = sum(
        torch.sin(make.uniform(batch, 1, low=20, high=length) * time + make.uniform(batch, 1, high=6)) for _ in range(3)
    )
    return waves + 0.5 * make.normal(batch, length)


@check("values", points=20, part="log_mel_spectrogram", **SPECTRA)
def measures_log_energies(solution, make, batch, n_fft, hop_length, n_mels, extra):
    """The numbers of the spectrogram: sines and noise, quiet and loud."""
    spectrogram, sizes = solution.log_mel_spectrogram, (8000, n_fft, hop_length, n_mels)
    length = n_fft // 2 + extra
    return {
        "sines and noise": lambda: spectrogram(tone(make, batch, length), *sizes),
        "quiet": lambda: spectrogram(1e-5 * make.normal(batch, length), *sizes),
        "an impulse": lambda: spectrogram(make.tensor(torch.eye(length)[[extra // 2]]) + 0.01, *sizes),
        "float64": lambda: spectrogram(make.normal(batch, length, dtype=torch.float64), *sizes),
        "float64, uneven bins": lambda: spectrogram(
            make.normal(batch, length, dtype=torch.float64), 8000, 28, hop_length, n_mels
        ),
    }


@check("values", points=5, tag="edge", part="log_mel_spectrogram")
def survives_silence(solution, make):
    """Silence gives ln 1e-10 and gradient 0; the defaults; the waveform stays as it is."""

    def silence():
        waveform = make.tensor(torch.zeros(1, 100)).requires_grad_()
        features = solution.log_mel_spectrogram(waveform, 8000, 40, 20, 5)
        features.sum().backward()
        return features, waveform.grad

    def unchanged():
        waveform = make.normal(2, 100)
        return changes(lambda: solution.log_mel_spectrogram(waveform, 8000, 40, 20, 5), waveform)

    return {
        "silence": silence,
        "defaults": lambda: solution.log_mel_spectrogram(tone(make, 1, 900)).mean(2),
        "shortest": lambda: solution.log_mel_spectrogram(make.normal(2, 21), 8000, 40, 10, 4),
        "waveform": unchanged,
    }


@check(
    "gradient",
    points=10,
    part="log_mel_spectrogram",
    batch=some.integers(1, 2),
    hop_length=some.integers(7, 30),
    examples=6,
)
def lets_gradients_through(solution, make, batch, hop_length):
    """Gradients of the waveform through the spectrogram."""
    waveform = make.normal(batch, 90, requires_grad=True)
    features = solution.log_mel_spectrogram(waveform, 8000, 40, hop_length, 6)
    (features * make.normal(*features.shape)).sum().backward()
    return gradients(waveform=waveform)


def scores_of(make, path, symbols):
    """Log-probabilities (B, T, V) whose best symbols are `path`, (B, T)."""
    clear = torch.nn.functional.one_hot(path, symbols) * 2.0
    return (clear + make.uniform(*path.shape, symbols)).to(make.dtype).log_softmax(-1)


@check(
    "values",
    points=15,
    part="ctc_greedy_decode",
    batch=some.integers(1, 3),
    frames=some.integers(1, 8),
    symbols=some.integers(2, 4),
)
def reads_the_best_path(solution, make, batch, frames, symbols):
    """Repeats merged, then blanks dropped, within each length; any blank."""
    decode, path = solution.ctc_greedy_decode, make.integers(0, symbols, batch, frames)
    scores, lengths = scores_of(make, path, symbols), make.integers(0, frames + 1, batch)
    full = torch.full_like(lengths, frames)

    def written(rows, blank=0):
        path = make.tensor(rows)
        return decode(scores_of(make, path, 3), torch.full_like(path[:, 0], path.shape[1]), blank)

    return {
        "whole": lambda: decode(scores, full),
        "within lengths": lambda: decode(scores, lengths),
        "last symbol is the blank": lambda: decode(scores, lengths, symbols - 1),
        "blank=1": lambda: decode(scores, full, blank=1),
        "a blank between equal symbols": lambda: written([[1, 1, 0, 1, 2, 2], [0, 0, 2, 0, 2, 1]]),
        "only blanks": lambda: written([[2, 2, 2]], blank=2),
        "inputs": lambda: changes(lambda: decode(scores, lengths), scores, lengths),
    }


WORDS = some.lists(some.sampled_from(["a", "b", "c"]), max_size=4)


@check(
    "values",
    points=15,
    part="word_error_rate",
    pairs=some.lists(some.lists(WORDS, min_size=2, max_size=2), min_size=1, max_size=4),
    examples=20,
)
def counts_edits(solution, make, pairs):
    """Edits over reference words of the whole corpus; ValueErrors."""
    rate = solution.word_error_rate
    hypotheses, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    words = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"]

    def long():
        reference = make.integers(0, 5, 120).tolist()
        return rate([reference[3:60] + reference[70:] + [7, 8]], [reference])

    def unchanged():
        lists = [[*hypotheses, ["a", "b"]], [*references, ["b"]]]
        rate(*lists)
        return lists

    return {
        "drawn": lambda: [outcome(rate, hypotheses, references)],
        "substituted, deleted, inserted": lambda: [
            rate([[*words[:3], "cat", *words[4:]]], [words]),
            rate([words[:4] + words[5:]], [words]),
            rate([[*words[:4], "always", *words[4:]]], [words]),
        ],
        "short and long sentence": lambda: rate([["x"], words], [["y"], words]),
        "above 1": lambda: rate([["a", "b", "c"]], [["d"]]),
        "an empty reference among others": lambda: rate([["a"], ["b"]], [[], ["b", "c"]]),
        "numbers, 120 of them": long,
        "no reference words": lambda: [outcome(rate, [["a"], []], [[], []]), outcome(rate, [], [])],
        "lists of different length": lambda: [
            outcome(rate, [["a"]], [["a"], ["b"]]),
            outcome(rate, [["a"], ["b"]], [["a"]]),
        ],
        "lists": unchanged,
    }


@check("timing", points=5, part="log_mel_spectrogram", limit=6.0)
def is_vectorised(solution, make):
    """Time of a spectrogram of 10,000 frames, against the reference's."""
    waveform = make.normal(1, 80000)
    return lambda: solution.log_mel_spectrogram(waveform, 16000, 32, 8, 10).mean(2)


RATE, LENGTH = 4000, 800


def chirps(make):
    """Noisy sweeps of any phase: rising, falling, up and down, down and up, from and to about the same frequencies."""
    count = 384
    labels = make.integers(0, 4, count)
    time = torch.linspace(0, 1, LENGTH)
    shape = torch.stack([time, 1 - time, 1 - (2 * time - 1).abs(), (2 * time - 1).abs()])[labels]
    low, high = make.uniform(count, 1, low=200, high=400), make.uniform(count, 1, low=1000, high=1500)
    phase = 2 * math.pi * ((low + (high - low) * shape).cumsum(1) / RATE + make.uniform(count, 1))
    waves = phase.sin() * make.uniform(count, 1, low=0.5, high=2.0) + 0.3 * make.normal(count, LENGTH)
    return {"x": waves[:192], "y": labels[:192], "x_new": waves[192:]}, labels[192:]


@check("convergence", points=5, part="log_mel_spectrogram", task=chirps, judged_by=at_least(0.9, "accuracy"))
def tells_chirps_apart(solution, make, given):
    """A linear probe on the features tells rising from falling chirps."""

    def features(waves):
        return solution.log_mel_spectrogram(waves, RATE, 128, 80, 16).flatten(1).detach()

    x, x_new = features(given["x"]), features(given["x_new"])
    mean, std = x.mean(0), x.std(0) + 1e-3
    probe = torch.nn.Linear(x.shape[1], 4).to(make.device)

    def loss(step):
        return torch.nn.functional.cross_entropy(probe((x - mean) / std), given["y"])

    curve = minimise(loss, probe.parameters(), 100)
    with torch.no_grad():
        return probe((x_new - mean) / std).argmax(1), curve
