"""Sends answers that look like the worker's at first sight: infinite sizes, tensors where texts belong."""

# expect: crashed: not an answer
import os
import socket

import torch

from judge.sandbox.channel import Channel


def normalise(x):
    channel = Channel(socket.socket(fileno=3))
    for filled in ([["weight", [float("inf")]]], torch.ones(2), [[b"weight", [1, 2, 3]]]):
        channel.send({"seen": x, "filled": filled, "forbidden": torch.ones(2)})
    os._exit(0)
