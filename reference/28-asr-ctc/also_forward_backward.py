"""Alphas and betas by hand in an autograd.Function; a convolutional recogniser that halves the frame rate."""

import torch
from torch import nn


def step(scores, skip):
    """log of stay + advance + skip, from the left."""
    size = scores.shape[1]
    one = torch.cat([scores.new_full((len(scores), 1), -torch.inf), scores[:, : size - 1]], 1)
    two = torch.cat([scores.new_full((len(scores), 2), -torch.inf), scores], 1)[:, :size]
    return torch.logaddexp(torch.logaddexp(scores, one), torch.where(skip, two, -torch.inf))


class Forward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, log_probs, states, skip, frames, last):
        steps, batch, _ = log_probs.shape
        size = states.shape[1]
        emitted = torch.gather(log_probs, 2, states.unsqueeze(0).expand(steps, batch, size))
        index = torch.arange(size, device=states.device)
        alpha = emitted.new_full((steps, batch, size), -torch.inf)
        alpha[0] = torch.where(index < 2, emitted[0], -torch.inf)
        for t in range(1, steps):
            alpha[t] = step(alpha[t - 1], skip) + emitted[t]
        ends = (index == last[:, None]) | (index == last[:, None] - 1)
        final = alpha[frames - 1, torch.arange(batch, device=states.device)]
        likelihood = torch.logsumexp(torch.where(ends, final, -torch.inf), 1)
        ctx.save_for_backward(emitted, alpha, states, skip, frames, ends, likelihood, log_probs)
        return -likelihood

    @staticmethod
    def backward(ctx, grad):
        emitted, alpha, states, skip, frames, ends, likelihood, log_probs = ctx.saved_tensors
        steps = len(emitted)
        beta = torch.full_like(alpha, -torch.inf)  # beta[t]: everything after frame t
        nothing = torch.full_like(emitted[0], -torch.inf)
        # From the right: the mirrored states, where skipping is decided by the state one arrives at.
        skip_from = torch.cat([skip[:, 2:], torch.zeros_like(skip[:, :2])], 1).flip(1)[:, : skip.shape[1]]
        for t in reversed(range(steps)):
            later = beta[t + 1] + emitted[t + 1] if t + 1 < steps else nothing
            after = step(later.flip(1), skip_from).flip(1)
            at_end = torch.where(ends, 0.0, -torch.inf).to(after.dtype)
            beta[t] = torch.where(
                (frames - 1 == t)[:, None], at_end, torch.where((t < frames)[:, None], after, nothing)
            )
        joint = alpha + beta - likelihood[:, None]
        posterior = torch.where(joint > -torch.inf, joint.exp(), 0.0)
        posterior = torch.where((likelihood > -torch.inf)[:, None], posterior, 0.0)
        result = torch.zeros_like(log_probs)
        result.scatter_add_(2, states.unsqueeze(0).expand_as(posterior), -posterior * grad[:, None])
        return result, None, None, None, None


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    if reduction == "mean":
        reduce = lambda x: (x / torch.clamp(target_lengths, min=1)).mean()  # noqa: E731
    elif reduction == "sum":
        reduce = torch.sum
    elif reduction == "none":
        reduce = lambda x: x  # noqa: E731
    else:
        raise ValueError("unknown reduction")
    valid = torch.arange(targets.size(1), device=targets.device) < target_lengths.unsqueeze(1)
    labels = torch.where(valid, targets, blank)
    states = torch.stack([torch.full_like(labels, blank), labels], 2).flatten(1)
    states = torch.cat([states, torch.full_like(states.new_empty(len(states), 1), blank)], 1)
    previous = torch.cat([torch.full_like(states[:, :2], blank), states], 1)[:, : states.shape[1]]
    skip = (states != blank) & (states != previous)
    losses = Forward.apply(log_probs, states, skip, input_lengths, 2 * target_lengths)
    if zero_infinity:
        losses = torch.where(torch.isinf(losses), 0.0, losses)
    return reduce(losses)


class SpeechRecognizer(nn.Module):
    def __init__(self, num_features, hidden_dim, vocab_size):
        super().__init__()
        self.down = nn.Conv1d(num_features, hidden_dim, 2, stride=2)
        self.mix = nn.Conv1d(hidden_dim, hidden_dim, 3, padding=1)
        self.out = nn.Conv1d(hidden_dim, vocab_size, 1)

    def forward(self, features, lengths):
        real = torch.arange(features.shape[1], device=features.device) < lengths[:, None]
        x = (features * real[..., None]).transpose(1, 2)
        x = nn.functional.pad(x, (0, x.shape[2] % 2))
        lengths = (lengths + 1) // 2
        real = torch.arange(x.shape[2] // 2, device=features.device) < lengths[:, None]
        x = torch.relu(self.down(x)) * real[:, None]
        x = torch.relu(self.mix(x)) + x
        return self.out(x).log_softmax(1).permute(2, 0, 1), lengths
