"""A model of KServe that returns a fixed answer: what KServe itself costs.

python tests/benchmarks/serving/bare.py HTTP_PORT quiet|default
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from fixed import PREDICTION


def serve(port: int, how: str) -> None:
    """Serve until killed; KServe reads the options of the process when it is imported."""
    import kserve

    class Bare(kserve.Model):
        def __init__(self) -> None:
            super().__init__("evacroute")
            self.ready = True

        async def predict(self, payload: Any, headers: Any = None) -> Any:
            return {"predictions": [PREDICTION] * len(payload["instances"])}

    if how == "quiet":
        kserve.logging.configure_logging()
        for name in ("kserve", "kserve.trace", "uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).setLevel(logging.WARNING)
    kserve.ModelServer(
        http_port=port, enable_grpc=False, enable_latency_logging=how != "quiet"
    ).start([Bare()])


if __name__ == "__main__":
    given = sys.argv[1:3]
    sys.argv = sys.argv[:1]
    serve(int(given[0]), given[1])
