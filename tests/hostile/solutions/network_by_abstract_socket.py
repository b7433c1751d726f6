"""Connects to a socket with an abstract name."""

# expect: error
import socket


def normalise(x):
    socket.socket(socket.AF_UNIX).connect("\0@ABSTRACT@")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
