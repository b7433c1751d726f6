"""Another right way: heads one by one with einsum, a softmax written out, a recurrent decoder."""

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, query_dim, context_dim, num_heads):
        super().__init__()
        self.width, rest = divmod(query_dim, num_heads)
        if rest != 0:
            raise ValueError("num_heads does not divide query_dim")
        for name, width in (("out_proj", query_dim), ("v_proj", context_dim), ("k_proj", context_dim)):
            setattr(self, name, nn.Linear(width, query_dim))
        self.q_proj = nn.Linear(query_dim, query_dim)

    def forward(self, x, context, context_mask=None):
        if context_mask is None:
            context_mask = torch.ones(context.shape[:2], dtype=torch.bool, device=context.device)
        if not context.shape[1]:  # the softmax needs something to look at: a region that is masked
            context, context_mask = context.new_zeros(len(x), 1, context.shape[2]), context_mask.new_zeros(len(x), 1)
        allowed = context_mask[:, None, :].to(x.dtype)
        results = []
        slices = zip(*[map_(source).split(self.width, -1) for map_, source in self.maps(x, context)], strict=True)
        for q, k, v in slices:
            scores = torch.einsum("btd,bsd->bts", q, k) * self.width**-0.5
            largest = torch.where(context_mask[:, None, :], scores, -torch.inf).amax(-1, keepdim=True)
            shifted = torch.where(context_mask[:, None, :], scores - largest.detach(), 0.0)
            weights = shifted.exp() * allowed
            total = weights.sum(-1, keepdim=True)
            results.append(torch.einsum("bts,bsd->btd", weights / total.where(total > 0, 1.0), v))
        return self.out_proj(torch.cat(results, -1))

    def maps(self, x, context):
        return (self.q_proj, x), (self.k_proj, context), (self.v_proj, context)


class CaptionDecoder(nn.Module):
    def __init__(self, vocab_size, dim, context_dim, num_heads, max_len):
        super().__init__()
        self.max_len = max_len
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.look = CrossAttention(dim, context_dim, num_heads)
        self.mix = nn.Linear(2 * dim, dim)
        self.drop = nn.Dropout(0.05)
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, tokens, context, context_mask=None):
        if tokens.size(1) > self.max_len:
            raise ValueError("too many tokens")
        hidden, _ = self.gru(self.embed(tokens))
        seen = self.look(hidden, context, context_mask)
        return self.head(self.drop(torch.tanh(self.mix(torch.cat([hidden, seen], -1)))))


def caption(model, context, bos, eos, max_len, context_mask=None):
    training = {module: module.training for module in model.modules()}
    result = [[] for _ in context]
    running = set(range(len(result)))
    tokens = torch.tensor([[bos]] * len(result), device=context.device)
    try:
        model.eval()
        with torch.inference_mode():
            while running and tokens.shape[1] <= max_len:
                logits = model(tokens, context, context_mask=context_mask)
                chosen = logits[:, -1].max(-1).indices
                for row in sorted(running):
                    token = chosen[row].item()
                    if token == eos:
                        running.remove(row)
                    else:
                        result[row].append(token)
                tokens = torch.cat([tokens, chosen[:, None]], 1)
    finally:
        for module, mode in training.items():
            module.training = mode
    return result
