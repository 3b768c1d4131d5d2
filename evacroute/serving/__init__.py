"""Answers for phones: what a server needs beside the plan; the library itself never imports it."""
