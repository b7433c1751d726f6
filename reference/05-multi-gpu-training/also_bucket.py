"""One flat bucket, reduced by a callback at the end of the backward pass; the sampler repeats and slices a tensor."""

import contextlib

import torch
from torch import nn
from torch.autograd import Variable


class DistributedDataParallel(nn.Module):
    def __init__(self, module, group):
        super().__init__()
        self.module, self.world, self.comm = module, group.world_size, group
        self.local_only = self.queued = False
        for tensor in list(module.buffers()) + list(module.parameters()):
            group.broadcast(tensor.detach(), 0)
        self.group_barrier = group.barrier()
        self.learning = [p for p in reversed(list(module.parameters())) if p.requires_grad]
        for p in self.learning:
            p.register_hook(self.hook)

    def hook(self, grad):
        if not self.local_only and not self.queued:
            self.queued = True
            Variable._execution_engine.queue_callback(self.reduce)
        return grad

    def reduce(self):
        self.queued = False
        with torch.no_grad():
            bucket = torch.cat([p.grad.reshape(-1) for p in self.learning]) / self.world
            self.comm.all_reduce(bucket)
            for p, part in zip(self.learning, bucket.split([p.numel() for p in self.learning]), strict=True):
                p.grad = part.view_as(p).clone()

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    @contextlib.contextmanager
    def no_sync(self):
        self.local_only = True
        yield
        self.local_only = False


class DistributedSampler:
    def __init__(self, length, rank, world_size, shuffle=True, seed=0, drop_last=False):
        self.__dict__.update(locals())
        self.set_epoch(0)

    def set_epoch(self, epoch):
        self.generator_seed = 1_000_003 * self.seed + epoch

    def __len__(self):
        return (self.length + (0 if self.drop_last else self.world_size - 1)) // self.world_size

    def __iter__(self):
        if self.length == 0:
            return iter([])
        order = torch.arange(self.length)
        if self.shuffle:
            order = torch.rand(self.length, generator=torch.Generator().manual_seed(self.generator_seed)).argsort()
        order = order.repeat(self.world_size + 1)[: len(self) * self.world_size]
        if self.shuffle:
            return iter(order.view(self.world_size, -1)[self.rank].tolist())  # contiguous blocks
        return iter(order[self.rank :: self.world_size].tolist())
