"""Decoding a language model: temperature, top-k, top-p (nucleus sampling, Holtzman et al., 2020) and beam search."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def filter_logits(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    if not temperature > 0:
        raise ValueError(f"temperature should be positive, not {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k should be at least 1, not {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p should be in (0, 1], not {top_p}")
    logits = logits / temperature
    if top_k is not None:
        kth = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]  # (B, 1)
        logits = logits.masked_fill(logits < kth, -math.inf)
    if top_p is not None and top_p < 1:  # a sum that rounds to 1 too early would cut the tail of top_p = 1
        probabilities, order = logits.softmax(-1).sort(descending=True, stable=True)
        removed = probabilities.cumsum(-1) - probabilities >= top_p  # those before it reach top_p already
        logits = logits.masked_fill(removed.scatter(-1, order, removed), -math.inf)
    return logits


def sample(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    if temperature == 0:
        return logits.argmax(-1)
    probabilities = filter_logits(logits, temperature, top_k, top_p).softmax(-1)
    if generator is not None:
        probabilities = probabilities.to(generator.device)
    return torch.multinomial(probabilities, 1, generator=generator).squeeze(-1).to(logits.device)


@torch.no_grad()
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
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    tokens, finished = prompt, torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    try:
        for _ in range(max_new_tokens):
            new = sample(model(tokens)[:, -1], temperature, top_k, top_p, generator)
            if eos is not None:
                new = new.masked_fill(finished, eos)
                finished = finished | (new == eos)
            tokens = torch.cat([tokens, new.unsqueeze(1)], 1)  # (B, T) -> (B, T + 1)
            if finished.all():
                break
    finally:
        for module, mode in modes:
            module.training = mode
    return tokens


def beam_search(
    log_prob_fn: Callable[[list[int]], Tensor],
    start: int,
    eos: int,
    beam_width: int,
    max_len: int,
    length_penalty: float = 0.0,
) -> tuple[list[int], float]:
    def score(beam: tuple[float, list[int], bool]) -> float:
        total, tokens, _ = beam
        return total / (len(tokens) - 1) ** length_penalty

    beams = [(0.0, [start], False)]  # sum of log-probabilities, tokens, finished
    for _ in range(max_len):
        candidates = [beam for beam in beams if beam[2]]
        for total, tokens, finished in beams:
            if not finished:
                for token, log_prob in enumerate(log_prob_fn(tokens).tolist()):
                    candidates.append((total + log_prob, [*tokens, token], token == eos))
        beams = sorted(candidates, key=score, reverse=True)[:beam_width]
        if all(finished for _, _, finished in beams):
            break
    return beams[0][1], score(beams[0])
