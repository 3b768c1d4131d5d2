"""100,000 phones in three minutes, and what breaks meanwhile::

    python tests/benchmarks/serving/load.py                       # everything, some 15 minutes
    python tests/benchmarks/serving/load.py steady kill           # some of it
    python tests/benchmarks/serving/load.py --rate 100 --stretch 0.3   # small

Servers, store, generator and prober run on this machine and share its cores. Each scenario prints
its figures and leaves them in a JSON file; docs/serving_load.md says what they mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from beside import compare
from bundles import PEOPLE, venice_bundle
from phones import phones_of
from results import add_option, record
from scenarios import SCENARIOS, Setting

BESIDE = "beside"
"""Name of the comparison with bare KServe."""


def venice() -> Path:
    """Folder of the real inputs."""
    beside = Path(__file__).resolve().parents[4] / "shared"
    folder = Path(os.environ.get("EVACROUTE_SHARED", beside)) / "data" / "venice"
    if not folder.is_dir():
        sys.exit(f"no shared inputs at {folder}; set EVACROUTE_SHARED to their folder")
    return folder


def setting_of(asked: argparse.Namespace) -> Setting:
    people = venice() / PEOPLE
    made = asked.bundle or asked.out / "bundle"
    if not (made / "manifest.json").exists():
        made = venice_bundle(venice(), asked.out)
    how = {"plain": asked.plain, "seed": asked.seed}
    return Setting(
        bundle=made, persons=phones_of(people, each=True, **how),
        households=phones_of(people, each=False, **how), rate=asked.rate, stretch=asked.stretch,
        new=asked.new_connections, options=tuple(asked.server_option), seed=asked.seed,
    )  # fmt: skip


KEPT = (
    "rate", "stretch", "sent", "phones", "rate_per_s", "answered", "refused", "never_answered",
    "asked_again", "p50_ms", "p95_ms", "p99_ms", "max_ms", "within_1_s", "late_sending_p99_ms",
    "cpu_ms_per_request", "store_cpu_ms_per_request", "generator_cpu_ms_per_request", "rss_mib",
    "rss_peak_mib", "cold_start", "health_p50_ms", "health_p99_ms", "health_max_ms",
    "none_ready_s", "oversold", "oversold_step_free", "duplicate_places", "lost_reservations",
    "held_by_nobody", "promised", "promised_adopted", "promised_elsewhere", "promised_without",
    "reserved_elsewhere", "sent_over_capacity", "took_s",
)  # fmt: skip
"""Figures of a scenario that results keep."""


def rows_of(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows for the record: one of a scenario, one of each server that was compared."""
    name = figures["scenario"]
    if "skipped" in figures:
        return [{"case": name, "skipped": figures["skipped"]}]
    if name != BESIDE:
        return [{"case": name, **{one: figures[one] for one in KEPT}}]
    return [
        {"case": f"{BESIDE}:{server}", **row}
        for server, row in figures.items()
        if isinstance(row, dict) and "one_by_one_ms" in row
    ]


def text_of(f: dict[str, Any]) -> str:
    """Figures of a run in some lines."""
    if "skipped" in f:
        return f"  skipped: {f['skipped']}"
    gaps = [gap for one in f["not_ready_s"] for gap in one]
    starts = ", ".join(f"{one['ready_s']}/{one['first_answer_s']}" for one in f["cold_start"])
    lines = [
        f"sent {f['sent']} at {f['rate_per_s']}/s by {f['phones']} phones; answered "
        f"{f['answered']}, refused {f['refused']}, never answered {f['never_answered']}, asked "
        f"again {f['asked_again']}; {_told(f['statuses'])}",
        f"{_latency(f)}; sent late p99 {f['late_sending_p99_ms']} ms",
        f"CPU ms a request: replicas {f['cpu_ms_per_request']}, store "
        f"{f['store_cpu_ms_per_request']}, generator {f['generator_cpu_ms_per_request']}; RSS MiB "
        f"{f['rss_mib']}, at most {f['rss_peak_mib']}; cold start to ready/first answer {starts} s",
        f"health p50/p99/max {f['health_p50_ms']}/{f['health_p99_ms']}/{f['health_max_ms']} ms; "
        f"not ready {gaps} s, no replica ready {f['none_ready_s']} s",
        f"store: oversold {f['oversold']} (step-free {f['oversold_step_free']}), duplicate places "
        f"{f['duplicate_places']}, lost reservations {f['lost_reservations']}, held by nobody "
        f"{f['held_by_nobody']}; {f['places_held']} of {f['places']} places held",
        f"told another place than at first {f['told_two_places']}; reserved but held elsewhere "
        f"{f['reserved_elsewhere']}, where told before {f['reserved_at_earlier']}; promised "
        f"{f['promised']}: adopted {f['promised_adopted']}, elsewhere {f['promised_elsewhere']}, "
        f"without {f['promised_without']}; persons sent over capacity {f['sent_over_capacity']}",
    ]
    for name, part in f["phases"].items():
        lines.append(
            f"{name}: {part['answered']} of {part['sent']}, {_latency(part)}; "
            f"{_told(part['statuses'])}"
        )
    for what in ("failures", "faulty", "plans", "notes"):
        if f[what]:
            lines.append(f"{what}: {f[what]}")
    return "\n".join(f"  {line}" for line in lines)


def _latency(f: dict[str, Any]) -> str:
    return (
        f"p50/p95/p99/max {f['p50_ms']}/{f['p95_ms']}/{f['p99_ms']}/{f['max_ms']} ms, within 1 s "
        f"{f['within_1_s']:.3%}"
    )


def _told(statuses: dict[str, int]) -> str:
    return ", ".join(f"{word} {n}" for word, n in statuses.items())


def main() -> None:
    names = [*SCENARIOS, BESIDE]
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("::")[0], formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("scenario", nargs="*", help=f"some of {', '.join(names)}; all by default")
    add("--bundle", type=Path, help="what is served; made anew by default, which takes minutes")
    add("--out", type=Path, default=Path("out/load"), help="where files are left (out/load)")
    add("--rate", type=float, default=100_000 / 180, help="phones a second (100,000 in 180 s)")
    add("--stretch", type=float, default=1.0, help="all times are so many times as long (1)")
    add("--plain", type=float, default=0.0, help="share that wants no line and directions (0)")
    add("--new-connections", type=float, default=0.0, help="share over a connection of its own")
    add(
        "--server-option", action="append", default=[], help="handed to servers, with = (--hold=1h)"
    )
    add("--seed", type=int, default=0)
    add_option(parser)
    asked = parser.parse_args()
    if unknown := set(asked.scenario) - set(names):
        parser.error(f"no scenario {', '.join(sorted(unknown))}, expected some of {names}")
    asked.out = asked.out.resolve()
    asked.out.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    of = setting_of(asked)
    rows: list[dict[str, Any]] = []
    print(f"{os.cpu_count()} cores, shared by servers, store, generator and prober")
    for name in asked.scenario or names:
        since = time.monotonic()
        folder = asked.out / name
        print(f"\n{name}", flush=True)
        if name == BESIDE:
            share = min(1.0, of.stretch)
            figures = compare(of.bundle, of.persons, of.rate / 2, folder, share=share)
        else:
            print(f"  {SCENARIOS[name].__doc__}", flush=True)
            figures = SCENARIOS[name](of, folder)
            print(text_of(figures), flush=True)
        kept = {
            "scenario": name, "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
            "rate": of.rate, "stretch": of.stretch, "plain": asked.plain, "new": of.new,
            "took_s": round(time.monotonic() - since, 1), "load": os.getloadavg(), **figures,
        }  # fmt: skip
        (asked.out / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
        rows += rows_of(kept)
    record("serving_load", rows, folder=asked.results)
    print(f"\n{time.monotonic() - begin:.0f} s in all; figures in {asked.out}")


if __name__ == "__main__":
    main()
