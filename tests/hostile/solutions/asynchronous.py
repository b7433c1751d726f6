"""A coroutine instead of an answer."""


# expect: error, wrong
async def normalise(x):
    return x
