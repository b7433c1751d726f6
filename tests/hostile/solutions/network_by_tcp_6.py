"""Connects by TCP and IPv6."""

# expect: error
import socket


def normalise(x):
    socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(("::1", int("@TCP@")))
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
