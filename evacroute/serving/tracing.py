"""Spans for OpenTelemetry, where it is installed and told where to send them; else nothing."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from evacroute.serving.logs import say


class Span(Protocol):
    """What is used of a span."""

    def set_attribute(self, key: str, value: Any) -> Any:
        """Note a fact."""
        ...


class Tracer:
    """Makes a span a request, with its route, code and number of parties and nothing else."""

    def __init__(self) -> None:
        self._tracer: Any = None
        if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
            return
        try:
            from opentelemetry import propagate, trace
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            say("no spans: opentelemetry-sdk or its OTLP exporter is missing", logging.WARNING)
            return
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
        self._extract = propagate.extract
        self._tracer = trace.get_tracer("evacroute.serving")

    @property
    def is_on(self) -> bool:
        """Whether spans are made."""
        return self._tracer is not None

    def span(self, headers: dict[str, str]) -> AbstractContextManager[Span | None]:
        """Begin a span within the one its caller is in."""
        if self._tracer is None:
            return nullcontext()
        # An exception's text would be kept with the span.
        made: AbstractContextManager[Span] = self._tracer.start_as_current_span(
            "request",
            context=self._extract(headers),
            record_exception=False,
            set_status_on_exception=False,
        )
        return made
