"""Connects to a socket in the file system."""

# expect: error
import socket


def normalise(x):
    socket.socket(socket.AF_UNIX).connect("@UNIX@")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
