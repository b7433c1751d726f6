"""Waits for ever while it is imported."""

# expect: timeout: stopped while it was imported
import time

time.sleep(10**6)
