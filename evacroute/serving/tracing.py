"""Spans for OpenTelemetry, where it is installed and told where to send them; else nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from evacroute.serving.logs import say


class Tracer:
    """Makes a span a request, with its protocol and number of parties and nothing else."""

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
        self._extract = propagate.extract
        self._tracer = trace.get_tracer("evacroute.serving", tracer_provider=provider)

    def span(self, headers: Mapping[str, str], note: Any) -> AbstractContextManager[None]:
        """Hold a span within the one its caller is in, or nothing where no spans are made."""
        return nullcontext() if self._tracer is None else self._span(headers, note)

    @contextmanager
    def _span(self, headers: Mapping[str, str], note: Any) -> Iterator[None]:
        # An exception's text would be kept with the span.
        with self._tracer.start_as_current_span(
            "request",
            context=self._extract(headers),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            finally:
                span.set_attribute("rpc.system", note.protocol)
                span.set_attribute("evacroute.parties", note.parties)
