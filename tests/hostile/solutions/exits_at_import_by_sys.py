"""Calls sys.exit(0) while it is imported."""

# expect: error: calls sys.exit when it is imported
import sys

sys.exit(0)
