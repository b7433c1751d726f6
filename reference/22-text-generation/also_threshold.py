"""Another right way: top-p by counting what comes before each token, without sorting; the Gumbel trick; rows that have
finished are no longer asked; beams as tensors with topk."""

import torch
from torch import nn


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature <= 0:
        raise ValueError("temperature")
    if top_k is not None and not top_k >= 1:
        raise ValueError("top_k")
    if top_p is not None and not (top_p > 0 and top_p <= 1):
        raise ValueError("top_p")
    scaled, size = logits / temperature, logits.size(1)
    gone = torch.full_like(scaled, float("-inf"))
    if top_k is not None:
        larger = (scaled[:, None, :] > scaled[:, :, None]).sum(2)  # (B, V): how many are larger
        scaled = torch.where(larger < top_k, scaled, gone)
    if top_p is not None and top_p != 1:
        index = torch.arange(size, device=logits.device)
        here, other = scaled[:, :, None], scaled[:, None, :]
        first = (other > here) | ((other == here) & (index[None, :] < index[:, None]))  # (B, V, V): comes before
        before = (first * scaled.softmax(1)[:, None, :]).sum(2)
        scaled = torch.where(before < top_p, scaled, gone)
    return scaled


def sample(logits, temperature=1.0, top_k=None, top_p=None, generator=None):
    if temperature == 0:
        return torch.argmax(logits, dim=-1)
    filtered = filter_logits(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    where = generator.device if generator is not None else logits.device
    exponential = torch.empty(filtered.shape, dtype=filtered.dtype, device=where).exponential_(generator=generator)
    return (filtered.softmax(-1) / exponential.to(logits.device)).argmax(-1)


class evaluating:
    def __init__(self, model: nn.Module):
        self.training = [module for module in model.modules() if module.training]
        self.resting = [module for module in model.modules() if not module.training]

    def __enter__(self):
        for module in self.training:
            module.training = False

    def __exit__(self, *error):
        for module in self.training:
            module.training = True


def generate(model, prompt, max_new_tokens, temperature=1.0, top_k=None, top_p=None, eos=None, generator=None):
    rows = torch.arange(prompt.size(0), device=prompt.device)  # those that have not finished
    out = prompt
    with torch.no_grad(), evaluating(model):
        for _ in range(max_new_tokens):
            drawn = sample(model(out[rows])[:, -1], temperature, top_k, top_p, generator)
            column = prompt.new_full((prompt.size(0), 1), -1 if eos is None else eos)
            column[rows, 0] = drawn
            out = torch.cat((out, column), dim=1)
            if eos is not None:
                rows = rows[drawn != eos]
                if rows.numel() == 0:
                    return out
    return out


def beam_search(log_prob_fn, start, eos, beam_width, max_len, length_penalty=0.0):
    sequences, totals, lengths, done = [[start]], torch.zeros(1, dtype=torch.float64), torch.zeros(1), [False]
    for _ in range(max_len):
        if all(done):
            break
        rows = []
        for index, sequence in enumerate(sequences):
            if done[index]:
                rows.append((totals[index : index + 1], [sequence], lengths[index : index + 1]))
            else:
                log_probs = log_prob_fn(sequence[:]).double().cpu()
                grown = [[*sequence, token] for token in range(len(log_probs))]
                rows.append((totals[index] + log_probs, grown, (lengths[index] + 1).expand(len(log_probs))))
        totals = torch.cat([row[0] for row in rows])
        lengths = torch.cat([row[2] for row in rows])
        sequences = [sequence for row in rows for sequence in row[1]]
        scores = totals / lengths.double() ** length_penalty
        best = scores.topk(min(beam_width, len(scores))).indices
        totals, lengths, scores = totals[best], lengths[best], scores[best]
        sequences = [sequences[index] for index in best.tolist()]
        done = [len(sequence) > 1 and sequence[-1] == eos for sequence in sequences]
    return sequences[0], scores[0].item()
