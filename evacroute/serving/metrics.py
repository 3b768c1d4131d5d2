"""Figures for Prometheus: how many, how fast, how full; never who or where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    exposition,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from evacroute.answering.answers import Answers, Standing
from evacroute.answering.questions import Questions
from evacroute.serving.core import Core

_SECONDS = (
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0
)  # fmt: skip


class Meters:
    """What one process counts. There is one worker a pod, so this is all there is in the pod."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Histogram(
            "evacroute_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ("route", "protocol"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._parties = Counter(
            "evacroute_parties_answered",
            "Parties answered, by status.",
            ("status",),
            registry=registry,
        )
        self._persons = Counter(
            "evacroute_persons_answered",
            "Persons in the parties answered, by status.",
            ("status",),
            registry=registry,
        )
        self._rejected = Counter(
            "evacroute_rejected", "Requests not answered, by cause.", ("cause",), registry=registry
        )
        self.in_flight = Gauge(
            "evacroute_in_flight", "Requests being answered now.", registry=registry
        )
        self.store_seconds = Histogram(
            "evacroute_store_seconds",
            "Time the store of places takes to answer, by what it was asked.",
            ("call",),
            buckets=_SECONDS,
            registry=registry,
        )
        # Finding a child by its labels costs more than counting.
        self._status = {
            s.value: (self._parties.labels(s.value), self._persons.labels(s.value))
            for s in Standing
        }
        self._route: dict[tuple[str, str], Any] = {}

    def watch(self, core: Core, ready: Any) -> None:
        """Report the state of a core, too; `ready` tells whether it may be asked."""
        self.registry.register(_State(core, ready))

    def request(self, route: str, protocol: str, seconds: float) -> None:
        """Count a request that has ended."""
        child = self._route.get((route, protocol))
        if child is None:
            child = self._route[route, protocol] = self._requests.labels(route, protocol)
        child.observe(seconds)

    def answered(self, questions: Questions, answers: Answers) -> int:
        """Count those who were answered; returns how many persons they are."""
        sizes = questions.party_size.tolist()
        for row, size in zip(answers.rows, sizes, strict=True):
            parties, persons = self._status[row.status]
            parties.inc()
            persons.inc(size)
        return sum(sizes)

    def rejected(self, cause: str) -> None:
        """Count a request that was not answered."""
        self._rejected.labels(cause).inc()

    def totals(self) -> dict[str, int]:
        """Give what was counted so far: ``STATUS_parties``, ``STATUS_persons`` and ``rejected``."""
        out: dict[str, int] = {}
        for what, counter in (("parties", self._parties), ("persons", self._persons)):
            counted = {
                sample.labels["status"]: int(sample.value)
                for metric in counter.collect()
                for sample in metric.samples
                if sample.name.endswith("_total")
            }
            out |= {f"{s.value}_{what}": counted.get(s.value, 0) for s in Standing}
        rejected = (x for metric in self._rejected.collect() for x in metric.samples)
        out["rejected"] = int(sum(x.value for x in rejected if x.name.endswith("_total")))
        return out

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """Write all figures, and the type they are written in."""
        encoder, content_type = exposition.choose_encoder(accept)
        return encoder(self.registry), content_type


class _State:
    """Reads the state of the core when it is asked for, so that it costs requests nothing."""

    def __init__(self, core: Core, ready: Any) -> None:
        self._core = core
        self._ready = ready

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        core, store = self._core, self._core.store()
        yield _gauge("evacroute_loaded", "Whether the bundle is loaded.", core.is_loaded)
        yield _gauge("evacroute_ready", "Whether requests are wanted.", self._ready())
        yield _gauge("evacroute_store_up", "Whether the store of places answers.", store.is_up)
        plan = GaugeMetricFamily(
            "evacroute_plan_info", "Version of the plan served.", labels=["plan"]
        )
        plan.add_metric([core.plan], 1.0)
        yield plan
        left = GaugeMetricFamily(
            "evacroute_places_left", "Places left, by shelter.", labels=["shelter"]
        )
        for shelter, places in store.left.items():
            left.add_metric([shelter], places)
        yield left


def _gauge(name: str, text: str, value: bool) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))
