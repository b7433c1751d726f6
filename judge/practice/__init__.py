"""Practising: how far somebody is, what to do next, an interview against the clock, and pages to read."""
