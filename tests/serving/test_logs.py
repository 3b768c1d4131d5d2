"""Lines of the log and spans, by themselves."""

from __future__ import annotations

import json
import logging
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from .doors import need


def formatted(**fields: Any) -> dict[str, Any]:
    need("orjson")
    from evacroute.serving.logs import JsonLines

    made = JsonLines().format(logging.makeLogRecord({"levelname": "ERROR", **fields}))
    assert "\n" not in made
    return dict(json.loads(made))


def test_an_exception_leaves_kind_and_place_alone() -> None:
    """The text of an exception and its stack are not written, nor what others write below."""
    try:
        raise ValueError("secret")
    except ValueError:
        error = sys.exc_info()
    line = formatted(name="grpc", msg="it broke\nsecret %s", args=("x",), exc_info=error)
    assert (line["logger"], line["event"], line["fault"]) == ("grpc", "it broke", "ValueError")
    assert "test_logs:test_an_exception" in line["at"]
    assert "secret" not in json.dumps(line)


def test_fields_are_written_as_they_are() -> None:
    """An event of ours has its fields, a time and a level."""
    line = formatted(msg="request", fields={"code": 200, "ms": 0.4}, created=0.0)
    assert line == {
        "time": "1970-01-01T00:00:00.000+00:00", "level": "error", "event": "request",
        "code": 200, "ms": 0.4,
    }  # fmt: skip


def test_without_an_endpoint_there_are_no_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """No endpoint, or no package to send with: requests go on without spans."""
    need("orjson")
    from evacroute.serving.tracing import Tracer

    note = SimpleNamespace(protocol="rest", parties=0)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with Tracer().span({}, note) as span:
        assert span is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://nowhere:4317")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with Tracer().span({}, note) as span:
        assert span is None


def test_a_span_knows_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A span begins where its caller's is, and has the protocol and a count, no text of faults."""
    need("orjson")
    from evacroute.serving.tracing import Tracer

    seen: dict[str, Any] = {}

    class Made:
        def __enter__(self) -> Any:
            return SimpleNamespace(set_attribute=seen.__setitem__)

        def __exit__(self, *error: object) -> None: ...

    def start(name: str, **options: Any) -> Any:
        seen.update(options, name=name)
        return Made()

    tracer = SimpleNamespace(start_as_current_span=start)
    provider = SimpleNamespace(add_span_processor=lambda processor: None)
    for name, fields in {
        "opentelemetry": {
            "propagate": SimpleNamespace(extract=lambda headers: headers["traceparent"]),
            "trace": SimpleNamespace(get_tracer=lambda name, tracer_provider: tracer),
        },
        "opentelemetry.exporter.otlp.proto.grpc.trace_exporter": {"OTLPSpanExporter": object},
        "opentelemetry.sdk.trace": {"TracerProvider": lambda: provider},
        "opentelemetry.sdk.trace.export": {"BatchSpanProcessor": lambda exporter: None},
    }.items():
        module = ModuleType(name)
        module.__dict__.update(fields)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://nowhere:4317")
    made = Tracer()
    with made.span({"traceparent": "00-1"}, SimpleNamespace(protocol="grpc", parties=2)):
        pass
    assert seen == {
        "name": "request", "context": "00-1", "record_exception": False,
        "set_status_on_exception": False, "rpc.system": "grpc", "evacroute.parties": 2,
    }  # fmt: skip
