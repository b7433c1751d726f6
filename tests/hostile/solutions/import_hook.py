"""Has every later import give a module of its own."""

# expect: wrong, error
import sys
import types


class Finder:
    def find_spec(self, name, path=None, target=None):
        import importlib.machinery

        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        return types.ModuleType(spec.name)

    def exec_module(self, module):
        module.__getattr__ = lambda name: lambda *arguments, **named: True


sys.meta_path.insert(0, Finder())


def normalise(x):
    return x
