"""Both directions of the LSTM as functions of its weights, the backward one on sentences reversed within their length.

The softmax is written out, with the largest real score subtracted.
"""

import torch
from torch import nn
from torch.nn import functional as F


class AttentionPooling(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, states, mask):
        scores = torch.einsum("btd,d->bt", states, self.score.weight[0])
        highest = torch.where(mask, scores, torch.finfo(scores.dtype).min).amax(1, keepdim=True).detach()
        shifted = torch.where(mask, scores - highest, torch.zeros_like(scores))
        raised = shifted.exp() * mask
        total = raised.sum(1, keepdim=True)
        weights = raised / torch.where(total > 0, total, torch.ones_like(total))
        return torch.einsum("bt,btd->bd", weights, states), weights


class SentimentAnalyzer(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_classes=2, padding_idx=0):
        super().__init__()
        self.fc = nn.Linear(2 * hidden_dim, num_classes)
        self.pool = AttentionPooling(2 * hidden_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=padding_idx)

    def one_way(self, x, suffix):
        weights = [
            getattr(self.lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        h = c = x.new_zeros(len(x), self.lstm.hidden_size)
        states = []
        for step in x.unbind(1):
            gates = F.linear(step, weights[0], weights[2]) + F.linear(h, weights[1], weights[3])
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states, 1)

    def forward(self, tokens):
        mask = tokens.ne(self.embedding.padding_idx)
        steps, lengths = torch.arange(tokens.shape[1], device=tokens.device), mask.sum(1, keepdim=True)
        mirror = torch.where(mask, lengths - 1 - steps, steps)  # (B, T): its own inverse
        backward = self.one_way(self.embedding(tokens.gather(1, mirror)), "_reverse")
        backward = backward.gather(1, mirror.unsqueeze(-1).expand_as(backward))
        states = torch.cat([self.one_way(self.embedding(tokens), ""), backward], -1)
        return self.fc(self.pool(states, mask)[0])
