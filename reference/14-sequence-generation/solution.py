"""An LSTM language model: next-token logits, the loss over padded sequences, greedy decoding with the state."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SequenceModel(nn.Module):
    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, num_layers: int = 1):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_dim, vocab_size)

    def forward(self, tokens: Tensor, state: tuple | None = None) -> tuple[Tensor, tuple]:
        hidden, state = self.lstm(self.embedding(tokens), state)  # (B, T, E) -> (B, T, H)
        return self.fc(hidden), state


def sequence_loss(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    # The default reduction would divide 0 by 0 where no target counts.
    total = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=ignore_index, reduction="sum")
    return total / (targets != ignore_index).sum().clamp(min=1)


@torch.no_grad()
def greedy_decode(model: nn.Module, prompt: Tensor, max_new_tokens: int, eos: int | None = None) -> Tensor:
    modes = [(module, module.training) for module in model.modules()]
    tokens, read, state = prompt, prompt, None  # `read` is what the model has not read yet
    finished = torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    model.eval()
    try:
        for _ in range(max_new_tokens):
            logits, state = model(read, state)
            new = logits[:, -1].argmax(-1)  # (B, T, V) -> (B,)
            if eos is not None:
                new = new.masked_fill(finished, eos)
                finished = finished | (new == eos)
            read = new.unsqueeze(1)
            tokens = torch.cat([tokens, read], 1)
            if finished.all():
                break
    finally:
        for module, mode in modes:
            module.training = mode
    return tokens
