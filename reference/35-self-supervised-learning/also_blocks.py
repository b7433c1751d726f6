"""Another right way: two (N, 2N - 1) blocks without the diagonal, logsumexp, random choices by multinomial."""

import torch
from torch import nn


def nt_xent_loss(z1, z2, temperature=0.5):
    a, b = (z / z.norm(dim=-1, keepdim=True) for z in (z1, z2))
    total = 0.0
    for anchors, others in ((a, b), (b, a)):
        cross = torch.einsum("nd,md->nm", anchors, others) / temperature
        within = torch.einsum("nd,md->nm", anchors, anchors) / temperature
        n = len(within)
        rest = within.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(n, n - 1)  # all but the diagonal
        total = total + (torch.cat([cross, rest], 1).logsumexp(1) - cross.diagonal()).sum()
    return total / (len(a) + len(b))


def mask_tokens(tokens, mask_id, vocab_size, special_ids, p=0.15, generator=None):
    home = generator.device if generator is not None else torch.device("cpu")
    ordinary = torch.ones(tokens.shape, dtype=torch.bool)
    for index in list(special_ids):
        ordinary &= tokens.cpu() != int(index)
    chosen = (
        torch.bernoulli(torch.full(tokens.shape, float(p), device=home), generator=generator).cpu().bool() & ordinary
    )
    count = int(chosen.sum())
    labels, inputs = torch.full_like(tokens, -100), tokens.clone()
    chosen = chosen.to(tokens.device)
    labels[chosen] = tokens[chosen]
    if count:
        shares = torch.tensor([0.8, 0.1, 0.1], device=home)
        fate = torch.multinomial(shares, count, replacement=True, generator=generator).to(tokens.device)
        drawn = torch.randint(0, vocab_size, (count,), generator=generator, device=home).to(tokens.device)
        choices = torch.stack([torch.full_like(drawn, mask_id), drawn, tokens[chosen]])
        inputs[chosen] = choices.gather(0, fate[None])[0]
    return inputs, labels


def pretrain(encoder, make_views, steps, lr=1e-2, temperature=0.5):
    optimizer = torch.optim.Adam([{"params": list(encoder.parameters()), "lr": lr}])
    curve = torch.zeros(steps, dtype=torch.float64)
    for step in range(steps):
        second, first = map(nn.Module.__call__, (encoder, encoder), make_views()[::-1])
        loss = nt_xent_loss(first, second, temperature)
        encoder.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        curve[step] = loss.detach()
    return curve.tolist()
