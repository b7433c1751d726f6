"""Answers for the worker that it was imported, in a form that no worker has."""

# expect: crashed: stopped while it was imported: the process sent something that is not an answer
import os
import socket

from judge.sandbox.channel import Channel

Channel(socket.socket(fileno=3)).send({"raised": None, "missing": 5, "forbidden": [{"name": [0]}]})
os._exit(0)
