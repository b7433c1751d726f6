"""Puts the problems and their references into the wheel, as judge/bundled/."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundledProblems(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # Not in an editable install, which finds them in the checkout: copies there would be old ones tomorrow, and in
        # a folder that solutions can read.
        if version != "editable":
            build_data["force_include"] |= {
                "problems": "judge/bundled/problems",
                "reference": "judge/bundled/reference",
            }
