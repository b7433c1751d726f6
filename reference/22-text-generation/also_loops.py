"""Another right way: row by row with sorted lists, inverse transform sampling, arrays of beams."""

import math

import torch


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature <= 0 or (top_k is not None and top_k <= 0) or (top_p is not None and (top_p <= 0 or top_p > 1)):
        raise ValueError("bad temperature, top_k or top_p")
    out = logits.clone() / temperature
    for row in out:
        values = row.tolist()
        order = sorted(range(len(values)), key=lambda token: -values[token])  # sorted() is stable
        if top_k is not None:
            order = [token for token in order if values[token] >= values[order[min(top_k, len(order)) - 1]]]
        if top_p is not None and top_p < 1:
            weights = [math.exp(values[token] - values[order[0]]) for token in order]
            kept, total = 0, 0.0
            while total < top_p * sum(weights):
                total += weights[kept]
                kept += 1
            order = order[:kept]
        removed = torch.ones(len(values), dtype=torch.bool)
        removed[order] = False
        row[removed.to(row.device)] = -float("inf")
    return out


def sample(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if temperature == 0:
        return logits.max(dim=1).indices
    cumulative = filter_logits(logits, temperature, top_k, top_p).softmax(1).cumsum(1)  # (B, V)
    device = logits.device if generator is None else generator.device
    uniform = torch.rand(len(logits), 1, generator=generator, device=device, dtype=logits.dtype).to(logits.device)
    # The first token whose sum exceeds the draw: one without probability adds nothing and is never the first.
    return (cumulative > uniform * cumulative[:, -1:]).to(torch.int64).argmax(1)


def generate(model, prompt, max_new_tokens, temperature=1.0, top_k=None, top_p=None, eos=None, generator=None):
    training = {module: module.training for module in model.modules()}
    model.train(False)
    running = torch.full((prompt.shape[0],), True, device=prompt.device)
    with torch.inference_mode():
        while max_new_tokens > 0 and running.any():
            max_new_tokens -= 1
            new = sample(model(prompt)[:, -1, :], temperature, top_k, top_p, generator)
            if eos is not None:
                new = torch.where(running, new, eos)
                running = running & new.ne(eos)
            prompt = torch.hstack([prompt, new[:, None]])
    for module, mode in training.items():
        module.training = mode
    return prompt


def beam_search(log_prob_fn, start, eos, beam_width, max_len, length_penalty=0.0):
    running, finished = [([start], 0.0)], []
    for length in range(1, max_len + 1):
        grown = []
        for tokens, total in running:
            log_probs = log_prob_fn(list(tokens))
            for token in range(log_probs.shape[0]):
                total_now = total + float(log_probs[token])
                grown.append((total_now / length**length_penalty, [*tokens, token], total_now))
        pool = finished + grown
        pool.sort(key=lambda beam: -beam[0])
        pool = pool[:beam_width]
        finished = [beam for beam in pool if len(beam[1]) <= length or beam[1][-1] == eos]
        running = [beam[1:] for beam in pool if len(beam[1]) == length + 1 and beam[1][-1] != eos]
        if not running:
            break
    return pool[0][1], pool[0][0]
