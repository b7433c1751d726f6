"""Each gradient is reduced as soon as it is there; the sampler is a generator of Python's random."""

import random

import torch


class DistributedDataParallel(torch.nn.Module):
    class Local:
        def __init__(self, owner):
            self.owner = owner

        def __enter__(self):
            self.owner.depth += 1

        def __exit__(self, *_):
            self.owner.depth -= 1

    def __init__(self, module, group):
        super().__init__()
        self.module = module
        self.depth = 0
        for value in module.state_dict().values():
            copy = value.clone()
            group.broadcast(copy, 0)
            value.copy_(copy)

        def average(parameter):
            if self.depth == 0:
                total = parameter.grad.clone()
                group.all_reduce(total)
                parameter.grad.copy_(total / group.world_size)

        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.register_post_accumulate_grad_hook(average)

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    def no_sync(self):
        return self.Local(self)


class DistributedSampler:
    def __init__(self, length, rank, world_size, shuffle=True, seed=0, drop_last=False):
        self.arguments = length, rank, world_size, shuffle, seed, drop_last
        self.epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def indices(self):
        length, rank, world_size, shuffle, seed, drop_last = self.arguments
        order = [*range(length)]
        if shuffle:
            random.Random(f"{seed} {self.epoch}").shuffle(order)
        if drop_last:
            order = order[: length // world_size * world_size]
        else:
            while len(order) % world_size:
                order.append(order[len(order) - length])
        return order[rank::world_size]

    def __len__(self):
        return len(self.indices())

    def __iter__(self):
        yield from self.indices()
