"""Answers with ten million small tensors."""


# expect: error, output-limit, timeout, memory
def normalise(x):
    return [x[0, 0]] * 10**7
