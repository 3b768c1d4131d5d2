"""Simulators that nobody here wrote, asked how long a plan takes."""
