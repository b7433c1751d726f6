"""No pickle at all: arrays in a zip file of numpy, everything else as JSON; a trial load into a copy of the model."""

import copy
import json
import os

import numpy
import torch


def packed(value, arrays):
    """JSON for nested plain data; tensors are appended to `arrays` and become their number."""
    if isinstance(value, torch.Tensor):
        arrays.append(value.detach().cpu().numpy())
        return {"tensor": len(arrays) - 1}
    if isinstance(value, dict):
        return {"dict": [[key, packed(item, arrays)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [packed(item, arrays) for item in value]}
    return value


def unpacked(value, arrays, device):
    if not isinstance(value, dict):
        return value
    ((kind, items),) = value.items()
    if kind == "tensor":
        return torch.from_numpy(arrays[f"arr_{items}"]).to(device)
    if kind == "dict":
        return {key: unpacked(item, arrays, device) for key, item in items}
    return {"list": list, "tuple": tuple}[kind](unpacked(item, arrays, device) for item in items)


def save_checkpoint(path, model, optimizer, scheduler, epoch):
    state = {"epoch": int(epoch), "rng": torch.get_rng_state(), "net": model.state_dict()}
    state["opt"] = optimizer.state_dict()
    if scheduler is not None:
        state["sched"] = scheduler.state_dict()
    temporary = f"{os.fspath(path)}.{os.getpid()}.npz"
    try:
        arrays = []
        text = json.dumps(packed(state, arrays))
        numpy.savez(temporary, *arrays, state=numpy.array(text))
        os.rename(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def load_checkpoint(path, model, optimizer, scheduler, map_location="cpu"):
    with open(path, "rb") as file, numpy.load(file, allow_pickle=False) as arrays:
        state = unpacked(json.loads(str(arrays["state"])), arrays, map_location)
    if scheduler is not None and "sched" not in state:
        raise ValueError("no scheduler was saved")
    copy.deepcopy(model).load_state_dict(state["net"])
    torch.set_rng_state(state["rng"].cpu())
    optimizer.load_state_dict(state["opt"])
    model.load_state_dict(state["net"])
    if scheduler is not None:
        scheduler.load_state_dict(state["sched"])
    return state["epoch"]
