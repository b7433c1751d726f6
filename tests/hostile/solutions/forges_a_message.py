"""Sends an answer of its own through the channel, as the worker would, and ends."""

# expect: crashed, error, wrong
import os

from judge.sandbox.channel import Channel


def normalise(x):
    import socket

    channel = Channel(socket.socket(fileno=3))
    channel.send({"observations": [{"value": [3, 4]}], "seconds": 0.0})
    os._exit(0)
