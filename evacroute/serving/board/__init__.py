"""The operator's board at ``/ops``: what goes on, closures, the alarm, and planning anew.

`board.Board` is what a server makes. Nothing is imported here: the process that plans anew needs
the planner alone.
"""
