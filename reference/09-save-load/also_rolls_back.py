"""Serialises to bytes first; loads everything, and puts everything back when something does not fit."""

import copy
import io
import pathlib

import torch


def save_checkpoint(path, model, optimizer, scheduler, epoch):
    buffer = io.BytesIO()
    parts = [model, optimizer] + ([scheduler] if scheduler else [])
    torch.save((epoch, torch.random.get_rng_state(), *(part.state_dict() for part in parts)), buffer)
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(buffer.getbuffer())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path, model, optimizer, scheduler, map_location="cpu"):
    with open(path, "rb") as file:
        epoch, generator, *states = torch.load(file, map_location=map_location, weights_only=True)
    parts = [model, optimizer] + ([scheduler] if scheduler else [])
    if len(states) < len(parts):
        raise ValueError("no scheduler in the checkpoint")
    before = [copy.deepcopy(part.state_dict()) for part in parts]
    try:
        for part, state in zip(parts, states, strict=False):
            part.load_state_dict(state)
    except Exception:
        model.load_state_dict(before[0])
        for part, state in zip(parts[1:], before[1:], strict=True):
            part.load_state_dict(state)
        raise
    torch.random.set_rng_state(generator.to("cpu", torch.uint8))
    return epoch
