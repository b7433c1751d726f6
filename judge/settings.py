"""What is wrong with a settings file, in the words of someone who writes one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from judge.finding import either

_IN_WORDS = {
    "str": "a text",
    "int": "a whole number",
    "array": "a list",
    "object": "a table",
    "float": "a number",
    "datetime": "a date with a time",
    "date": "a date without a time",
    "bool": "true or false",
}


def explain(complaint: str, shape: type[msgspec.Struct], choices: Mapping[str, Sequence[str]]) -> str:
    """What msgspec says about a file of that shape, with the field named first.

    choices: the values that are allowed, by field.
    """
    complaint, _, where = complaint.partition(" - at `$")
    where = where.rstrip("`").removeprefix(".")
    if missing := re.search(r"missing required field `(\w+)`", complaint):
        return f"{where}.{missing[1]} is missing" if where else f"{missing[1]} is missing"
    if unknown := re.search(r"unknown field `(.*)`", complaint, re.DOTALL):
        name = unknown[1] if re.fullmatch(r"[\w.-]+", unknown[1]) else repr(unknown[1])
        if where:
            return f"{where} has no field {name}"
        return f"there is no field {name}; the fields are {', '.join(shape.__struct_fields__)}"
    if value := re.fullmatch(r"Invalid enum value (.+)", complaint):
        return f"{where} must be {either(choices[where.split('[')[0]])}, not {value[1]}"
    if bound := re.fullmatch(r"Expected `\w+` (>=|<=|>|<) ([\d.]+)", complaint):
        words = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
        return f"{where} must be {words[bound[1]]} {float(bound[2]):g}"
    if kinds := re.fullmatch(r"Expected `([\w |]+)`, got `(\w+)`", complaint):
        wanted = [_IN_WORDS.get(kind, kind) for kind in kinds[1].split(" | ") if kind != "null"]
        if "int" in kinds[1] and "float" in kinds[1]:
            wanted.remove(_IN_WORDS["int"])
        return f"{where} must be {' or '.join(wanted)}, not {_IN_WORDS.get(kinds[2], kinds[2])}"
    return f"{where}: {complaint}" if where else complaint
