"""Connects to the host of a virtual machine."""

# expect: error
import socket


def normalise(x):
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, 1024))
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
