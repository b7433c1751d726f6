"""torch's mean of the cross-entropy; decoding without eos first, cut and filled afterwards."""

import torch
from torch import nn
from torch.nn import functional as F


class SequenceModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_layers=1):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, num_layers)
        self.fc = nn.Linear(hidden_dim, vocab_size)

    def forward(self, tokens, state=None):
        hidden, state = self.lstm(self.embedding(tokens.T), state)
        return self.fc(hidden).transpose(0, 1), state


def sequence_loss(logits, targets, ignore_index=-100):
    if bool((targets == ignore_index).all()):
        return logits.sum() * 0
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=ignore_index)


def greedy_decode(model, prompt, max_new_tokens, eos=None):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    new = []
    try:
        with torch.no_grad():
            if max_new_tokens:
                logits, state = model(prompt, None)
                new.append(logits[:, -1:].argmax(-1))
            while len(new) < max_new_tokens and (eos is None or not all((torch.cat(new, 1) == eos).any(1))):
                logits, state = model(new[-1], state)
                new.append(logits.argmax(-1))
    finally:
        for module, mode in modes.items():
            module.training = mode
    tokens = torch.cat([prompt, *new], 1)
    if eos is not None and new:
        generated = tokens[:, prompt.shape[1] :]
        generated[(generated == eos).cumsum(1) > 0] = eos
    return tokens
