"""An interview-practice judge and classroom autograder for deep-learning code."""

__version__ = "0.1.0"
