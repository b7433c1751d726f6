"""Connects by TCP and IPv4."""

# expect: error
import socket


def normalise(x):
    socket.create_connection(("127.0.0.1", int("@TCP@")), timeout=1)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
