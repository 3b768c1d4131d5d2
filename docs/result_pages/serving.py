"""Tables of the server under load and faults."""

from __future__ import annotations

from collections.abc import Callable

from .files import Result, Results
from .parts import aim, markdown, with_line

FAULTS = (
    "never_answered", "oversold", "duplicate_places", "lost_reservations", "held_by_nobody",
)  # fmt: skip
"""Figures that must be nought."""

BESIDE = "beside:"

SCENARIOS = {
    "steady": "`steady`",
    "burst": "`burst` (ten times the rate for 10 s)",
    "kill": "`kill`",
    "redis_stop": "`redis_stop` (30 s without a store)",
    "redis_kill": "`redis_kill`",
    "slow_store": "`slow_store` (200 ms more, then 2 s)",
    "retry_storm": "`retry_storm` (three times each)",
    "roll": "`roll`",
    "skew": "`skew`",
    "all_full": "`all_full`",
}


def load_steady(results: Results) -> str:
    """100,000 persons in three minutes, against the targets."""
    it, case = results["serving_load"], "steady"

    def all_(*columns: str, form: str = "") -> str:
        return ", ".join(it.show(case, column, form) for column in columns)

    starts = [one["first_answer_s"] for one in it.get(case, "cold_start")]
    peak = max(it.get(case, "rss_peak_mib"))
    rows = [
        ["answered, refused, never answered", f"{it.get(case, 'answered'):,}, "
         + all_("refused", "never_answered"), *aim(it.get(case, "never_answered"), 0, "")],
        ["asked again", all_("asked_again"), "", ""],
        ["latency p50, p95, p99, max [ms]", all_("p50_ms", "p95_ms", "p99_ms", "max_ms", form="g"),
         *aim(it.get(case, "p99_ms"), 250, "g", " ms (p99)")],
        ["within 1 s", all_("within_1_s", form=".2%"), "", ""],
        ["CPU a request [ms]: replicas, store, generator", all_("cpu_ms_per_request",
         "store_cpu_ms_per_request", "generator_cpu_ms_per_request", form=".2f"), "", ""],
        ["oversold, duplicate places, lost reservations",
         all_("oversold", "duplicate_places", "lost_reservations"),
         *aim(max(it.get(case, fault) for fault in FAULTS), 0, "")],
        ["memory of a replica at most [MiB]",
         ", ".join(f"{one}" for one in it.get(case, "rss_peak_mib")),
         *aim(peak, 572, "g", " MiB (600 MB)")],
        ["start to first answer [s]", ", ".join(f"{one}" for one in starts),
         *aim(max(starts), 5, "g", " s")],
        ["health p50, p99, max [ms]", all_("health_p50_ms", "health_p99_ms", "health_max_ms"),
         *aim(it.get(case, "health_p99_ms"), 50, "g", " ms (p99)")],
    ]  # fmt: skip
    return with_line(markdown(["steady", "measured", "target", ""], rows), it)


def load_scenarios(results: Results) -> str:
    """What phones saw in all other scenarios."""
    it = results["serving_load"]
    rows = []
    for case in _played(it):
        if case == "steady":
            continue
        if "skipped" in it.rows[case]:
            rows.append([SCENARIOS[case], f"skipped: {it.show(case, 'skipped')}", *[""] * 4])
            continue
        rows.append([
            SCENARIOS[case], f"{it.show(case, 'answered', ',')} of {it.show(case, 'sent', ',')}",
            ", ".join(it.show(case, f"{one}_ms", ",g") for one in ("p50", "p95", "p99", "max")),
            it.show(case, "within_1_s", ".2%"), it.show(case, "health_p99_ms", "g"),
            it.show(case, "asked_again", ","),
        ])  # fmt: skip
    head = [
        "scenario", "answered", "p50, p95, p99, max [ms]", "within 1 s", "health p99 [ms]",
        "asked again",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def faults(results: Results) -> str:
    """What may never happen, in each scenario; and what became of promises."""
    it = results["serving_load"]
    rows = []
    for case in _played(it):
        if "skipped" in it.rows[case]:
            continue
        counts = [it.get(case, fault) for fault in FAULTS]
        promised = it.get(case, "promised")
        rows.append([
            SCENARIOS[case], it.show(case, "sent", ","), *(f"{n:,}" for n in counts),
            f"{it.show(case, 'promised_adopted', ',')} of {promised:,}" if promised else "",
            "kept" if not any(counts) else "**broken**",
        ])  # fmt: skip
    head = [
        "scenario", "asked", *(fault.replace("_", " ") for fault in FAULTS), "promises adopted",
        "rule: all 0",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def _played(it: Result) -> list[str]:
    return [case for case in it.rows if not case.startswith(BESIDE)]


def load_beside(results: Results) -> str:
    """CPU a request beside bare KServe, and what ours adds to it against the target."""
    it = results["serving_load"]
    columns = ("one_by_one_ms", "at_rate_ms")
    rows = [
        [case.removeprefix(BESIDE), *(it.show(case, column, ".2f") for column in columns), ""]
        for case in it.rows
        if case.startswith(BESIDE)
    ]
    bare = f"{BESIDE}bare KServe, quiet logs"
    for store in ("memory", "Redis"):
        over = [it.get(f"{BESIDE}ours, {store}, quiet", one) - it.get(bare, one) for one in columns]
        rows.append([
            f"ours over bare KServe, {store}", *(f"{one:.2f}" for one in over),
            "{}: {}".format(*aim(over[0], 0.35, "g", " ms one by one")),
        ])  # fmt: skip
    head = ["CPU a request [ms]", "one by one", "at the rate of a replica in `steady`", "target"]
    return with_line(markdown(head, rows), it)


SERVING: dict[str, Callable[[Results], str]] = {
    one.__name__: one for one in (load_steady, load_scenarios, load_beside, faults)
}
