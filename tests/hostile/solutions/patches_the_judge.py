"""Replaces the judge's own modules in the worker."""

# expect: timeout: stopped while it was imported, wrong, error, crashed
import sys

for name, module in list(sys.modules.items()):
    if name.startswith("judge"):
        for attribute in list(vars(module)):
            if callable(getattr(module, attribute)) and not attribute.startswith("__"):
                try:
                    setattr(module, attribute, lambda *arguments, **named: True)
                except (AttributeError, TypeError):
                    pass


def normalise(x):
    return x
