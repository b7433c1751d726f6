"""Runs another student's solution."""

# expect: error: PermissionError, error: FileNotFoundError
exec(open("@OTHER@").read())
