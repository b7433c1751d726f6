"""Another right way: the loss anchor by anchor, tokens one after the other in Python, Adam written out."""

import numpy as np
import torch
import torch.nn.functional as F


def nt_xent_loss(z1, z2, temperature=0.5):
    views = torch.cat([z1, z2])
    losses = []
    for index, anchor in enumerate(views):
        rest = torch.cat([views[:index], views[index + 1 :]])
        positive = F.cosine_similarity(anchor, views[(index + len(z1)) % len(views)], dim=0)
        similarities = F.cosine_similarity(anchor[None], rest, dim=1)
        losses.append(torch.logsumexp(similarities / temperature, 0) - positive / temperature)
    return sum(losses) / len(losses)


def mask_tokens(tokens, mask_id, vocab_size, special_ids, p=0.15, generator=None):
    special = frozenset(int(index) for index in special_ids)
    device = "cpu" if generator is None else generator.device
    seed = torch.randint(1 << 60, (1,), generator=generator, device=device).item()
    random = np.random.default_rng(seed)
    inputs, labels = [], []
    for token in tokens.flatten().tolist():
        if token in special or random.random() >= p:
            inputs.append(token)
            labels.append(-100)
            continue
        labels.append(token)
        fate = random.integers(10)
        inputs.append(mask_id if fate < 8 else int(random.integers(vocab_size)) if fate == 8 else token)
    return tuple(torch.tensor(row, device=tokens.device).long().view(tokens.shape) for row in (inputs, labels))


def pretrain(encoder, make_views, steps, lr=1e-2, temperature=0.5):
    moments = {
        parameter: (torch.zeros_like(parameter), torch.zeros_like(parameter)) for parameter in encoder.parameters()
    }
    curve = []
    for step in range(1, steps + 1):
        loss = nt_xent_loss(*[encoder(view) for view in make_views()], temperature)
        gradients = torch.autograd.grad(loss, list(moments), allow_unused=True)
        for (parameter, (m, v)), gradient in zip(moments.items(), gradients, strict=True):
            if gradient is not None:
                m += 0.1 * (gradient - m)
                v += 0.001 * (gradient**2 - v)
                update = (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
                parameter.data -= lr * update
        curve.append(float(loss))
    return curve
