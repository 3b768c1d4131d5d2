"""Numba kernels: arrays in, arrays out, an integer status back; no checks, no raising."""
