"""What each layer of isolation stops that the others would let through.

    python benchmarks/layers.py [--without landlock ...] [--only NAME ...]

The hostile solutions of the tests are judged with all layers, then with one of them left out, and those that no longer
fail closed are listed with what went wrong. As root, on a machine that has all layers; about 3 minutes a layer.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from judge.grading import Judge
from judge.problems import Problem, packs
from judge.sandbox import isolation
from judge.sandbox.host import Nursery
from tests.hostile.conftest import Place, hostile_engine, processes
from tests.hostile.trial import FILES, wrong_with

LAYERS = ("namespaces", "landlock", "seccomp", "other_user")
Trial = Callable[[Path], list[str]]


@contextlib.contextmanager
def surroundings(without: tuple[str, ...]) -> Iterator[Trial]:
    """A fresh place and judge; what is called judges one file there."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        root = Path(name) / "place"
        root.mkdir()
        os.chmod(name, 0o711)
        place = Place(root)
        for one in place.sockets.values():
            stack.callback(one.close)
        start = partial(Nursery.start, without=without)
        stack.enter_context(mock.patch("judge.grading.Nursery.start", start))
        engine: Judge = stack.enter_context(hostile_engine(place, Path(name) / "cache"))
        problem: Problem = packs([root / "pack"]).find("normalise")
        yield partial(wrong_with, engine=engine, problem=problem, place=place, family=processes())


def run(without: tuple[str, ...], files: list[Path]) -> dict[str, list[str]]:
    """What is wrong with which file; after each of these everything is made anew."""
    found: dict[str, list[str]] = {}
    left = list(files)
    while left:
        with surroundings(without) as trial:
            while left:
                path = left.pop(0)
                try:
                    wrong = trial(path)
                except Exception as error:  # it may have removed the problem itself
                    wrong = [f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"]
                if wrong:
                    found[path.stem] = wrong
                    print(f"  {path.stem}: {'; '.join(wrong)[:200]}", flush=True)
                    break
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", nargs="*", choices=LAYERS, default=None, help="only these tables")
    parser.add_argument("--only", nargs="*", help="names of hostile solutions")
    arguments = parser.parse_args()
    here = isolation.detect()
    missing = [layer for layer in LAYERS if not getattr(here, layer)]
    files = [path for path in FILES if not arguments.only or path.stem in arguments.only]
    tables: dict[str, dict[str, list[str]]] = {}
    for layer in ("nothing", *LAYERS) if arguments.without is None else arguments.without:
        if layer in missing:
            print(f"without {layer}: this machine has none of it anyway")
            continue
        print(f"without {layer}:", flush=True)
        tables[layer] = run(() if layer == "nothing" else (layer,), files)
    print("\n| left out | got through | which |\n| --- | --- | --- |")
    for layer, found in tables.items():
        print(f"| {layer} | {len(found)} of {len(files)} | {', '.join(found) or '-'} |")
    return 1 if tables.get("nothing") else 0


if __name__ == "__main__":
    sys.exit(main())
