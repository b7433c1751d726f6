"""Runs the reference instead of a solution."""

# expect: error: PermissionError, error: FileNotFoundError
exec(open("@PACK@/reference/normalise/solution.py").read())
