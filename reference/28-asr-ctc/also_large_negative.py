"""-1e30 instead of -inf, one chain of slices; a transformer with a key padding mask as the recogniser."""

import torch
from torch import nn

FLOOR = -1e30


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    if reduction not in {"none", "mean", "sum"}:
        raise ValueError(reduction)
    count = log_probs.shape[1]
    width = 2 * targets.shape[1] + 1
    rows = torch.arange(count, device=log_probs.device)
    labels = targets.clone()
    for_padding = torch.arange(targets.shape[1], device=targets.device)[None] >= target_lengths[:, None]
    labels[for_padding] = blank
    extended = torch.full((count, width), blank, device=labels.device)
    extended[:, 1::2] = labels
    floored = log_probs.clamp_min(FLOOR)
    forbidden = torch.ones(count, width, dtype=torch.bool, device=labels.device)
    forbidden[:, 3::2] = labels[:, 1:] == labels[:, :-1]
    forbidden[:, 3::2] |= for_padding[:, 1:]
    current = torch.full((count, width), FLOOR, dtype=log_probs.dtype, device=log_probs.device)
    current[:, 0] = floored[0, :, blank]
    if width > 1:
        current[:, 1] = floored[0, rows, extended[:, 1]]
    history = [current]
    wall = torch.full((count, 2), FLOOR, dtype=log_probs.dtype, device=log_probs.device)
    for frame in floored[1:]:
        one = torch.cat([wall[:, :1], current[:, :-1]], 1)
        two = torch.cat([wall, current], 1)[:, :width].masked_fill(forbidden, FLOOR)
        current = torch.stack((current, one, two), -1).logsumexp(-1) + frame.gather(1, extended)
        current = current.clamp_min(FLOOR)
        history.append(current)
    final = torch.stack(history)[input_lengths - 1, rows]
    blank_end = final[rows, 2 * target_lengths]
    label_end = final[rows, (2 * target_lengths - 1).clamp_min(0)].masked_fill(target_lengths == 0, FLOOR)
    total = -torch.logaddexp(blank_end, label_end)
    total = torch.where(total > 1e29, 0.0 if zero_infinity else torch.inf, total)
    if reduction == "none":
        return total
    return total.sum() if reduction == "sum" else total.div(target_lengths.clamp_min(1)).mean()


class SpeechRecognizer(nn.Module):
    def __init__(self, num_features, hidden_dim, vocab_size):
        super().__init__()
        self.into = nn.Sequential(nn.Linear(num_features, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, hidden_dim))
        self.layer = nn.TransformerEncoderLayer(hidden_dim, 1, 2 * hidden_dim, dropout=0.1, batch_first=True)
        self.out = nn.Linear(hidden_dim, vocab_size)

    def forward(self, features, lengths):
        padding = torch.arange(features.size(1), device=features.device) >= lengths.unsqueeze(1)
        x = self.into(features.masked_fill(padding[..., None], 0.0))
        return self.out(self.layer(x, src_key_padding_mask=padding)).log_softmax(-1).transpose(0, 1), lengths.clone()
