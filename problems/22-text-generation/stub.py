from collections.abc import Callable

import torch
from torch import Tensor, nn


def filter_logits(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Temperature, then top-k, then top-p on what top-k left. logits: (B, V). Returns (B, V), -inf where removed.

    top_k: every logit as large as the k-th largest stays; more than V keeps all. top_p: the smallest set of highest
    probabilities whose sum reaches top_p stays, at least one token, equal ones by lower index first; 1 keeps all.
    Raises ValueError for temperature <= 0, top_k < 1, top_p outside (0, 1].
    """
    raise NotImplementedError


def sample(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """One token per row, drawn from the filtered distribution. logits: (B, V). Returns (B,) int64.

    temperature 0: the most likely token of each row. Raises ValueError as filter_logits does, but for temperature 0.
    generator: where all draws come from, on its own device; None: the global generator.
    """
    raise NotImplementedError


def generate(
    model: nn.Module,
    prompt: Tensor,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    eos: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Continues every row of the prompt, token by token. prompt: (B, T) int64. Returns (B, T + n), n <= max_new_tokens.

    model(tokens (B, T)) -> logits (B, T, V), the last ones being those of the next token. A row that has generated eos
    is filled with eos; it stops when all rows have. Eos in the prompt does not count. Runs in evaluation mode, without
    gradients; afterwards every sub-module has the mode it had.
    """
    raise NotImplementedError


def beam_search(
    log_prob_fn: Callable[[list[int]], Tensor],
    start: int,
    eos: int,
    beam_width: int,
    max_len: int,
    length_penalty: float = 0.0,
) -> tuple[list[int], float]:
    """The best sequence that beam search finds, and its score.

    log_prob_fn(prefix, which begins with start) -> (V,) log-probabilities of the next token. score: sum of
    log-probabilities / n ** length_penalty, n being the number of tokens after start, at most max_len. The sequence
    begins with start and ends with eos where it has finished.
    """
    raise NotImplementedError


if __name__ == "__main__":
    logits = torch.tensor([[0.2, 0.4, 0.1, 0.3]]).log()
    print(filter_logits(logits, top_k=3, top_p=0.75).softmax(-1))  # expected: 0, 4/7, 0, 3/7

    table = {(0,): [0.5, 0.4, 0.1], (0, 0): [0.3, 0.3, 0.4], (0, 1): [0.05, 0.05, 0.9]}
    print(beam_search(lambda prefix: torch.tensor(table[tuple(prefix)]).log(), 0, 2, 2, 2))  # [0, 1, 2], -1.02
