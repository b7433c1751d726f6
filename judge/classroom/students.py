"""Who a submission is by."""

from __future__ import annotations

import msgspec


class Student(msgspec.Struct, frozen=True):
    """A student as far as he is known; the id is what the class's files call him."""

    id: str
    name: str | None = None
    email: str | None = None
    lms_id: str | None = None
    group: str | None = None

    def filled(self, other: Student) -> Student:
        """The same student, with what only the other knows."""
        return Student(
            self.id,
            self.name or other.name,
            self.email or other.email,
            self.lms_id or other.lms_id,
            self.group or other.group,
        )

    def called(self, id_: str) -> Student:
        """The same student under another id."""
        return Student(id_, self.name, self.email, self.lms_id, self.group)
