"""The topics that problems belong to: a handful, where there are some thirty tags."""

from __future__ import annotations

from judge.problems import Problem

# In the order in which they are shown.
TOPICS = {
    "Training": ("training", "optimisation", "initialisation", "regularisation", "checkpoints"),
    "Data and evaluation": ("data", "evaluation", "classification"),
    "Attention": ("attention", "transformer"),
    "Language and sequences": ("nlp", "rnn", "sequence", "dynamic programming"),
    "Vision": ("vision", "images", "convolution", "segmentation", "detection", "architecture"),
    "Generative models": ("generative", "adversarial", "autoencoder"),
    "Transfer and representations": ("transfer", "self-supervised", "retrieval"),
    "Speech": ("speech",),
    "Scaling and deployment": ("distributed", "deployment", "compression"),
    "Looking inside": ("visualisation", "hooks"),
}
OTHER = "Other"
_TOPIC_OF_TAG = {tag: topic for topic, tags in TOPICS.items() for tag in tags}


def topic_of(problem: Problem) -> str:
    """The one topic of a problem: that of its first tag that has one."""
    return next((_TOPIC_OF_TAG[tag] for tag in problem.tags if tag in _TOPIC_OF_TAG), OTHER)


def about(problem: Problem, wanted: str) -> bool:
    """Whether a problem is about a tag or a topic, as somebody types it: attention, generative, language."""
    wanted = wanted.strip().casefold()
    topics = {topic_of(problem), *(_TOPIC_OF_TAG[tag] for tag in problem.tags if tag in _TOPIC_OF_TAG)}
    return wanted in (tag.casefold() for tag in problem.tags) or any(
        wanted == topic.casefold() or wanted in topic.casefold().split() for topic in topics
    )
