"""Listens for others on a port."""

# expect: error
import socket


def normalise(x):
    server = socket.create_server(("127.0.0.1", 0))
    server.listen()
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
