"""Training of the learned scorer; needs the extra ``train``."""
