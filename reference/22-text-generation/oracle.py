"""Brute force: subsets of tokens tried by size, and every possible sequence written down before any is judged."""

import itertools
import math

import torch


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature <= 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise ValueError
    out = logits / temperature
    for row in out:
        values = row.tolist()
        kept = set(range(len(values)))
        if top_k is not None:
            kept = {token for token in kept if sum(other > values[token] for other in values) < top_k}
        if top_p is not None and top_p < 1:
            weights = {token: math.exp(values[token] - max(values)) for token in kept}
            subsets = (
                (size, [-weights[token] for token in subset], sum(subset), subset)
                for size in range(1, len(kept) + 1)
                for subset in itertools.combinations(sorted(kept, key=lambda token: (-weights[token], token)), size)
                if sum(weights[token] for token in subset) >= top_p * sum(weights.values())
            )
            kept = set(min(subsets)[3])
        for token in range(len(values)):
            if token not in kept:
                row[token] = -math.inf
    return out


def sample(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if temperature == 0:
        return logits.argmax(1)
    filtered = filter_logits(logits[:1], temperature, top_k, top_p) if bool((logits == logits[0]).all()) else None
    if filtered is None:
        filtered = filter_logits(logits, temperature, top_k, top_p)
    probabilities = filtered.softmax(1).expand(len(logits), -1)
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]


def generate(model, prompt, max_new_tokens, temperature=1.0, top_k=None, top_p=None, eos=None, generator=None):
    modes = [module.training for module in model.modules()]
    model.eval()
    tokens = prompt
    with torch.no_grad():
        for _ in range(max_new_tokens):
            logits = model(tokens)[:, -1]
            distinct, inverse = logits.unique(dim=0, return_inverse=True)
            if temperature == 0:
                new = logits.argmax(1)
            else:
                probabilities = filter_logits(distinct, temperature, top_k, top_p).softmax(1)[inverse]
                new = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
            tokens = torch.cat([tokens, new[:, None]], 1)
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode
    if eos is not None and max_new_tokens > 0:
        generated = tokens[:, prompt.shape[1] :]
        ended = (generated == eos).cumsum(1) > 0
        generated = generated.masked_fill(ended, eos)
        needed = min(max_new_tokens, int((~ended).sum(1).max()) + 1)
        tokens = torch.cat([prompt, generated[:, :needed]], 1)
    return tokens


def beam_search(log_prob_fn, start, eos, beam_width, max_len, length_penalty=0.0):
    size = len(log_prob_fn([start]))
    log_probs = {}

    def total(tokens):
        answer = 0.0
        for end in range(1, len(tokens)):
            if tokens[:end] not in log_probs:
                log_probs[tokens[:end]] = log_prob_fn(list(tokens[:end])).tolist()
            answer += log_probs[tokens[:end]][tokens[end]]
        return answer / (len(tokens) - 1) ** length_penalty

    alive = {(start,)}
    for length in range(1, max_len + 1):
        everything = [(start, *rest) for n in range(1, length + 1) for rest in itertools.product(range(size), repeat=n)]
        allowed = [
            tokens
            for tokens in everything
            if (tokens in alive and len(tokens) <= length and tokens[-1] == eos)
            or (len(tokens) == length + 1 and tokens[:-1] in alive and (length == 1 or tokens[-2] != eos))
        ]
        alive = set(sorted(allowed, key=total)[-beam_width:])
        if all(tokens[-1] == eos for tokens in alive):
            break
    best = max(alive, key=total)
    return list(best), total(best)
