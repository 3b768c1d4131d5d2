"""Other people's solvers on our instances; no part of the package, as nobody needs them to plan."""
