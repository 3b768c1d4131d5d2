"""The door for phones: a KServe predictor that answers from a plan's prices."""
