"""Another right way: the cells of the LSTM step by step, the loss by gathering, decoding with a list of columns."""

import torch
from torch import nn


class SequenceModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_layers=1):
        super().__init__()
        self.fc = nn.Linear(hidden_dim, vocab_size)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, num_layers, batch_first=True)  # for its parameters only
        self.embedding = nn.Embedding(vocab_size, embed_dim)

    def forward(self, tokens, state=None):
        x = self.embedding(tokens)
        if state is None:
            zeros = x.new_zeros(len(tokens), self.lstm.hidden_size)
            state = ((zeros, zeros),) * self.lstm.num_layers  # a pair for each layer
        layers = [list(pair) for pair in state]
        logits = []
        for step in x.unbind(1):
            for layer, (hidden, cell) in enumerate(layers):
                wx, wh, bx, bh = (
                    getattr(self.lstm, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                )
                i, f, g, o = (step @ wx.T + bx + hidden @ wh.T + bh).chunk(4, 1)
                cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
                step = o.sigmoid() * cell.tanh()
                layers[layer] = [step, cell]
            logits.append(self.fc(step))
        return torch.stack(logits, 1), tuple(tuple(pair) for pair in layers)


def sequence_loss(logits, targets, ignore_index=-100):
    counts = targets != ignore_index
    chosen = logits.log_softmax(-1).gather(-1, targets.where(counts, 0).unsqueeze(-1)).squeeze(-1)
    return -(chosen * counts).sum() / max(1, int(counts.sum()))


def greedy_decode(model, prompt, max_new_tokens, eos=None):
    before = {name: module.training for name, module in model.named_modules()}
    columns, inputs = [], (prompt,)
    done = set()
    try:
        model.eval()
        with torch.inference_mode():
            while len(columns) < max_new_tokens and len(done) < len(prompt):
                logits, state = model(*inputs)
                column = logits[:, -1, :].topk(1).indices  # (B, 1)
                if eos is not None:
                    for row in range(len(prompt)):
                        if row in done:
                            column[row] = eos
                        elif column[row].item() == eos:
                            done.add(row)
                columns.append(column)
                inputs = (column, state)
    finally:
        for name, module in model.named_modules():
            module.training = before[name]
    return torch.cat([prompt, *columns], 1)
