"""Reaches a forbidden function by text that is assembled at run time."""


# expect: forbidden, error
def normalise(x):
    found = {}
    exec("from torch.nn.functional import layer" + "_norm as norm", found)
    return found["norm"](x, x.shape[-1:])
