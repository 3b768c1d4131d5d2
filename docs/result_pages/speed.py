"""Tables of time and memory."""

from __future__ import annotations

from collections.abc import Callable

from .files import Result, Results, shown
from .parts import aim, markdown, with_line

METHODS = ("earliest_arrival", "shelter_flow", "over_time")


def main_job(results: Results) -> str:
    """The whole command on Venice, against its targets."""
    it = results["main_job"]
    rows = []

    def say(what: str, case: str, column: str, form: str, unit: str, most: float | None) -> None:
        value = it.get(case, column)
        wanted = ("", "") if most is None else aim(value, most, form if most % 1 else "g", unit)
        rows.append([what, it.show(case, column, form) + unit, *wanted])

    say("whole command, kernels compiled", "compiled", "seconds", ".1f", " s", 30)
    say("whole command, first run: kernels compile once", "first", "seconds", ".1f", " s", 30)
    say("peak memory, first run", "first", "peak_mib", ".0f", " MiB", 2048)
    say("peak memory, later", "compiled", "peak_mib", ".0f", " MiB", 2048)
    say("of which assignment, kernels compiled", "compiled", "assign_s", ".1f", " s", 2)
    for stage in ("load", "verify", "export", "map"):
        say(f"of which {stage}", "compiled", f"{stage}_s", ".1f", " s", None)
    say("mean, ready to safe", "compiled", "mean", "min.2f", " min", None)
    say("clearance", "compiled", "clearance", "min.1f", " min", None)
    say("persons placed", "compiled", "placed", ",", "", None)
    for reason, persons in it.get("compiled", "left_by_reason").items():
        rows.append([f"left: {reason}", f"{persons:,}", "", ""])
    rules = it.get("compiled", "rules")
    say(f"rules broken, of {rules}", "compiled", "rules_broken", "", "", 0)
    say("walking time of a class against length / speed, worst", "compiled", "pace_off_percent",
        ".1f", " %", 1)  # fmt: skip
    return with_line(markdown(["", "measured", "target", ""], rows), it)


def fixed_instance(results: Results) -> str:
    """Three methods on the fixed instance."""
    it = results["fixed_instance"]
    most = {"earliest_arrival": 1.0}
    rows = []
    for case in ("nearest", "earliest_arrival", "shelter_flow"):
        spent = it.show(case, "seconds", ".2f")
        if case in most:
            wanted, verdict = aim(it.get(case, "seconds"), most[case], "g", " s")
            spent += f" (target {wanted}: {verdict})"
        name = f"`{case}`" + (" (capacities ignored)" if case == "nearest" else "")
        rows.append([
            name, it.show(case, "mean", "min.2f"), it.show(case, "clearance", "min.1f"),
            it.show(case, "left", ","), spent,
        ])  # fmt: skip
    head = ["method", "mean, ready to safe [min]", "clearance [min]", "left", "seconds, best of 5"]
    return with_line(markdown(head, rows), it)


def methods(results: Results) -> str:
    """Our methods on many instances."""
    it = results["methods"]
    rows = []
    for name in dict.fromkeys(case.split(":")[0] for case in it.rows):
        cells = [f"`{name}`"]
        for method in METHODS:
            case = f"{name}:{method}"
            words = [it.show(case, "mean", "min.2f"), _gap(it, case), it.show(case, "left", ",")]
            if method == "over_time":
                words += [it.show(case, "clearance", "min.1f"), it.show(case, "seconds", ".1f")]
            cells.append(", ".join(word for word in words if word))
        rows.append(cells)
    head = [
        "instance", "`earliest_arrival`: mean, gap, left", "`shelter_flow`: mean, gap, left",
        "`over_time`: mean, gap, left, clearance, seconds",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def _gap(it: Result, case: str) -> str:
    gap = it.get(case, "gap")
    if gap is not None:
        if not case.endswith(":over_time"):
            return f"{gap:.1%}"
        return f"**{gap:.2%}**" if gap > 0.02 else f"{gap:.2%}"
    return "~" + it.show(case, "mean_gap", ".1%") if it.get(case, "mean_gap") is not None else ""


def methods_more(results: Results) -> str:
    """The main job with its persons, and a nearer approach to the bound."""
    full, close = results["methods_full"], results["methods_close"]
    rows = [
        [f"`{case.replace(':', '`, `')}`", it.show(case, "mean", "min.2f"), _gap(it, case),
         it.show(case, "left", ","), it.show(case, "clearance", "min.1f"),
         it.show(case, "seconds", ".1f"), it.show(case, "peak_mib", ",.0f")]
        for it in (full, close)
        for case in it.rows
    ]  # fmt: skip
    head = ["instance, method", "mean [min]", "gap", "left", "clearance [min]", "seconds", "MiB"]
    return with_line(markdown(head, rows), full, close)


def replan(results: Results) -> str:
    """Going on after a closure, at three times."""
    it = results["replan"]
    times = ("5 min", "10 min", "20 min")
    rows = []
    for closed in dict.fromkeys(case.rsplit(" at ", 1)[0] for case in it.rows):
        cells = [closed]
        for at in times:
            case = f"{closed} at {at}"
            spent, gap = it.get(case, "seconds"), it.get(case, "gap")
            late = "**" if spent > 2 or (gap or 0) > 0.05 else ""
            cells.append(f"{late}{spent:.2f}, {shown(gap, '.1%') or 'not known'}{late}")
        rows.append(cells)
    head = ["closed", *(f"at {at}: seconds, gap" for at in times)]
    return with_line(markdown(head, rows), it)


def floods(results: Results) -> str:
    """Floods and boats beside the dry plan."""
    names = {
        "dry": "dry", "tide 1.40 m": "tide 1.40 m, steady",
        "November 2019": "tide of 12 November 2019 from 21:00",
        "with boats": "boats: real stops, made-up lines 1 and 2 every 10 min",
    }  # fmt: skip
    fixed, full = results["floods"], results["floods_full"]
    rows = []
    for where, it in (("fixed instance", fixed), ("main job", full)):
        for case in it.rows:
            over = it.show(case, "over_dry", ".2f")
            if case == "November 2019":
                wanted, verdict = aim(it.get(case, "over_dry"), 1.5, "g")
                over += f" (target {wanted}: {verdict})"
            rows.append([
                f"{where}, {names.get(case, case)}", it.show(case, "seconds", ".2f"), over,
                it.show(case, "placed", ","), it.show(case, "left", ","),
                it.show(case, "mean", "min.2f"),
            ])  # fmt: skip
    head = ["", "seconds", "x dry", "placed", "left", "mean, ready to safe [min]"]
    return with_line(markdown(head, rows), fixed, full)


def great_bridges(results: Results) -> str:
    """One of the great bridges closed after 5 minutes."""
    it = results["great_bridges"]
    rows = [
        [case, it.show(case, "seconds", ".1f"), it.show(case, "gap", ".1%"),
         it.show(case, "mean_to_go", "min.2f"), it.show(case, "moved", ","),
         it.show(case, "rerouted", ","), it.show(case, "newly_left", ",")]
        for case in it.rows
    ]  # fmt: skip
    head = [
        "closed", "seconds", "gap", "mean still to go [min]", "another shelter", "another way",
        "newly left",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def earthquakes(results: Results) -> str:
    """Many draws on one process and on two."""
    few, many = results["earthquakes"], results["earthquakes_500"]
    rows = [
        [it.show(case, "draws"), case, it.show(case, "seconds", ".0f"),
         it.show(case, "faster", ".2f"), "yes" if it.get(case, "same") else "**no**"]
        for it in (few, many)
        for case in it.rows
    ]  # fmt: skip
    head = ["draws", "on", "seconds", "times as fast as one", "same figures"]
    return with_line(markdown(head, rows), few, many)


def simulator_speed(results: Results) -> str:
    """Seconds of played runs."""
    it, beside = results["simulator_speed"], results["simulators"]
    names = {
        "compliance 1": "all follow the plan", "compliance 0.8": "four fifths follow it",
        "nearest": "all to the nearest shelter",
    }  # fmt: skip
    rows = [
        [names[case], it.show(case, "seconds", ".1f"), it.show(case, "peak_mib", ",.0f")]
        for case in it.rows
    ]
    case = "venice_100k:default"
    rows.append([
        "the plan until its end, ours", beside.show(case, "seconds", ".1f"), "",
    ])  # fmt: skip
    rows.append(["the same by jupedsim-network", beside.show(case, "theirs_s", ".1f"), ""])
    return with_line(markdown(["run", "seconds", "peak of the process so far [MiB]"], rows), it)


def scorer_speed(results: Results) -> str:
    """The scorer beside CatBoost."""
    it = results["scorer_speed"]

    def time(case: str, column: str) -> str:
        value = it.get(case, column)
        if value is None:
            return ""
        return f"{value * 1e3:.3f} ms" if value < 0.01 else f"{value:.2f} s"

    rows = [
        [("the scorer that ships, " if "shipped" in case else "") + it.show(case, "rows", ","),
         it.show(case, "trees"), it.show(case, "columns"),
         *(time(case, way) for way in ("forest", "scorer", "catboost"))]
        for case in it.rows
    ]  # fmt: skip
    head = [
        "rows", "trees", "columns", "one forest", "odds, intervals, calibration",
        "CatBoost, one forest",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def flood_commands(results: Results) -> str:
    """The whole command in a flood, and `over_time` there."""
    it, slow = results["aside_commands"], results["floods_over_time"]
    rows = [
        [case, it.show(case, "seconds", ".1f"), it.show(case, "verify_s", ".2f"),
         slow.show(case, "mean", "min.2f"), slow.show(case, "gap", ".1%"),
         slow.show(case, "seconds", ".0f")]
        for case in it.rows
    ]  # fmt: skip
    head = [
        "", "main job: command [s]", "`er.verify` of its plan [s]",
        "fixed instance, `over_time`: mean [min]", "gap", "seconds",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it, slow)


def defaults(results: Results) -> str:
    """What rounds and tolls of `shelter_flow` give on three cities."""
    it = results["aside_defaults"]
    names = {"2, 1.5": "**2, 1.5** (default)", "earliest_arrival": "`earliest_arrival`"}
    rows = [
        [names.get(case, case)] + [
            f"{it.show(case, f'{city}_mean', 'min.2f')}, {it.show(case, f'{city}_s', '.1f')} s"
            for city in ("venice", "fixed", "lagoon")
        ]
        for case in it.rows
    ]  # fmt: skip
    head = ["rounds, toll x damping", "main job", "fixed instance", "lagoon, 50,000"]
    return with_line(markdown(head, rows), it)


def class_speeds(results: Results) -> str:
    """How far classes are from the parties in them."""
    it = results["aside_class_speeds"]
    columns = ("flat_most", "flat_mean", "steps_most", "steps_mean")
    rows = [[case, *(it.show(case, column, ".1%") for column in columns)] for case in it.rows]
    head = ["", "on the level, at most", "in the mean", "on steps, at most", "in the mean"]
    return with_line(markdown(head, rows), it)


def odds_cost_venice(results: Results) -> str:
    """Odds as a cost on Venice."""
    return _odds_cost(results["odds_cost_venice"], "instance, `shelter_flow`")


def odds_cost(results: Results) -> str:
    """Odds as a cost, by method."""
    return _odds_cost(results["odds_cost"], "method")


def _odds_cost(it: Result, cases: str) -> str:
    rows = [
        [f"`{case}`", it.show(case, "seconds", ".1f"), it.show(case, "seconds_odds", ".1f"),
         it.show(case, "moved", ","), it.show(case, "safe", ",.1f"),
         it.show(case, "safe_odds", ",.1f")]
        for case in it.rows
    ]  # fmt: skip
    head = [
        cases, "seconds", "seconds with odds", "moved", "expected safe", "expected safe with odds",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def answering(results: Results) -> str:
    """One answer, and answers in batches."""
    it = results["answering"]
    (case,) = it.rows
    rows = [
        ["bundle", it.show(case, "megabytes", ".1f") + " MB", *aim(it.get(case, "megabytes"), 20,
         "g", " MB")],
        ["read, made ready and warm", it.show(case, "load_s", ".2f") + " s",
         *aim(it.get(case, "load_s"), 1, "g", " s")],
        ["one answer", it.show(case, "single_ms", ".3f") + " ms",
         *aim(it.get(case, "single_ms"), 0.2, "g", " ms")],
        ["one answer with line and directions", it.show(case, "single_line_ms", ".3f") + " ms",
         "", ""],
        ["a party in batches of 100", it.show(case, "batch_ms", ".3f") + " ms",
         *aim(it.get(case, "batch_ms"), 0.05, "g", " ms")],
        ["the same with line and directions", it.show(case, "batch_line_ms", ".3f") + " ms",
         "", ""],
    ]  # fmt: skip
    return with_line(markdown(["processor time", "measured", "target", ""], rows), it)


def reading(results: Results) -> str:
    """Reading, importing, the demo."""
    it, osm = results["reading"], results["osm_reading"]
    rows = []
    for one, case, what, most in (
        (it, "Venice GeoJSON", "Venice GeoJSON to network", 3),
        (osm, "OSM PBF of 100,800 edges", "100,800-edge OSM PBF to network", 20),
        (osm, "Venice of 2009, OSM PBF", "Venice of 2009, OSM PBF", None),
        (it, "snapping 100,000 persons", "snapping 100,000 persons", 1),
        (it, "import evacroute", "`import evacroute`, no extra loaded", 1.5),
        (it, "demo, 50,000 people", "`evacroute demo`, 50,000 people of the lagoon", 60),
    ):
        wanted = ("", "")
        if most is not None:
            wanted = aim(one.get(case, "seconds"), most, "g", " s")
        rows.append([what, one.show(case, "seconds", ".2f") + " s", *wanted])
    return with_line(markdown(["what", "measured", "target", ""], rows), it, osm)


def scale(results: Results) -> str:
    """Copies of the lagoon side by side."""
    it, large = results["scale"], results["scale_large"]
    rows = []
    for one, some in ((it, "1:"), (it, "10:"), (large, "30:"), (large, "100:")):
        for case in one.rows:
            if not case.startswith(some):
                continue
            peak = one.show(case, "peak_mib", ",.0f")
            spent = one.show(case, "seconds", ".1f")
            if one.get(case, "people") == 1_000_000:
                spent += " ({}: {})".format(*aim(one.get(case, "seconds"), 60, "g", " s"))
                peak += " ({}: {})".format(*aim(one.get(case, "peak_mib"), 6144, ",.0f", " MiB"))
            rows.append([
                one.show(case, "nodes", ","), one.show(case, "people", ","),
                f"`{one.show(case, 'method')}`", spent, one.show(case, "cpu", ".1f"), peak,
                one.show(case, "left", ","), one.show(case, "mean", "min.2f"),
                one.show(case, "growth", ".2f"),
            ])  # fmt: skip
    head = [
        "nodes", "people", "method", "seconds", "on processors", "peak MiB", "left",
        "mean [min]", "/ N log N",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it, large)


SPEED: dict[str, Callable[[Results], str]] = {
    one.__name__: one
    for one in (
        main_job, fixed_instance, methods, methods_more, replan, floods, great_bridges, earthquakes,
        simulator_speed, scorer_speed, odds_cost, odds_cost_venice, answering, reading, scale,
        flood_commands, defaults, class_speeds,
    )
}  # fmt: skip
