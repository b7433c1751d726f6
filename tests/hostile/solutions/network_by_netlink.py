"""Asks the kernel for the network by netlink."""

# expect: error
import socket


def normalise(x):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
