"""Asks a server for the answer."""

# expect: error
import urllib.request


def normalise(x):
    urllib.request.urlopen("http://127.0.0.1:@TCP@/", timeout=2)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
