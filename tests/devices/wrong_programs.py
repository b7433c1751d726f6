"""Programs that work on the CPU and not on a GPU. Each starts from tensors of the device and makes one error."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

MIXED = "Expected all tensors to be on the same device, but found at least two devices, sim:0 and cpu!"


def mask_made_on_the_cpu(x):
    return x.masked_fill(torch.ones(4, 4, dtype=torch.bool).triu(1), 0.0)


def positions_made_on_the_cpu(x):
    return x + torch.arange(4.0)


def lookup_table_left_on_the_cpu(x):
    return nn.Embedding(4, 2).to(x.device)(torch.tensor([1]))


def weights_left_on_the_cpu(x):
    return nn.Linear(4, 4)(x)


def cpu_tensor_joined(x):
    return torch.cat([torch.zeros(1, 4), x])


def cpu_scalar_stacked(x):
    return torch.stack([x.sum(), torch.tensor(0.0)])


def cpu_total_added_to(x):
    total = torch.tensor(0.0)
    total += x.sum()
    return total


def cpu_tensor_indexed_from_the_device(x):
    return torch.zeros(4)[x.argmax(1)]


def cpu_values_written_through_a_mask(x):
    x[x > 0] = torch.ones(int((x > 0).sum()))


def targets_left_on_the_cpu(x):
    return F.cross_entropy(x, torch.tensor([0, 1, 2, 3]))


def backward_that_answers_on_the_cpu(x):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return 2 * value

        @staticmethod
        def backward(ctx, grad):
            return torch.full((4, 4), 2.0) * grad

    Double.apply(x.requires_grad_()).sum().backward()


def hook_that_mixes(x):
    y = x.requires_grad_() * 2
    y.register_hook(lambda grad: grad + torch.ones(4, 4))
    y.sum().backward()


def initial_state_made_on_the_cpu(x):
    return nn.LSTM(4, 4).to(x.device)(x, (torch.zeros(1, 4), torch.zeros(1, 4)))


def lengths_on_the_device(x):
    return nn.utils.rnn.pack_padded_sequence(x[None], torch.tensor([4], device=x.device), batch_first=True)


def numpy_without_cpu(x):
    return x.numpy()


def handed_to_numpy(x):
    return np.asarray(x)


def explicit_cuda(x):
    return torch.zeros(4).cuda() + x


def cpu_generator_for_the_device(x):
    return torch.randn(4, generator=torch.Generator().manual_seed(1), device=x.device)


def cpu_generator_in_place(x):
    return x.normal_(generator=torch.Generator())


def a_second_device(x):
    return x.to("sim:1")


# What each must raise: the type of the error, and the beginning of its message.
COMPLAINTS = {
    initial_state_made_on_the_cpu: ("RuntimeError", "Input and hidden tensors are not at the same device"),
    lengths_on_the_device: ("RuntimeError", "'lengths' argument should be a 1D CPU int64 tensor"),
    numpy_without_cpu: ("TypeError", "can't convert sim:0 device type tensor to numpy. Use Tensor.cpu()"),
    handed_to_numpy: ("TypeError", "can't convert sim:0 device type tensor to numpy. Use Tensor.cpu()"),
    explicit_cuda: (("RuntimeError", "AssertionError"), ""),
    cpu_generator_for_the_device: ("RuntimeError", "Expected a 'sim' device type for generator but found 'cpu'"),
    cpu_generator_in_place: ("RuntimeError", "Expected a 'sim' device type for generator but found 'cpu'"),
    a_second_device: ("RuntimeError", "invalid device ordinal"),
}
