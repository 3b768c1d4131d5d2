"""Answers to phones: where one party should go now, by a value table made of a plan's prices."""

from evacroute.answering.answerer import Answerer, Place, Talk, Wish
from evacroute.answering.answers import Answers, Standing
from evacroute.answering.bundle import Bundle, Manifest, bundle_of, read_bundle
from evacroute.answering.questions import AGE_BANDS, MOST_HELPERS, MOST_PARTY, Questions

__all__ = [
    "AGE_BANDS",
    "MOST_HELPERS",
    "MOST_PARTY",
    "Answerer",
    "Answers",
    "Bundle",
    "Manifest",
    "Place",
    "Questions",
    "Standing",
    "Talk",
    "Wish",
    "bundle_of",
    "read_bundle",
]
