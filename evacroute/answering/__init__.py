"""Answers to phones: where one party should go now, by a value table made of a plan's prices."""
