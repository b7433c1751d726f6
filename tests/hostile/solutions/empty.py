"""Nothing."""
# expect: error: does not define normalise
