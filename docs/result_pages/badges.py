"""Badges of the README: what was measured, drawn here, so that nobody else's server tells it."""

from __future__ import annotations

from html import escape

from result_pages.files import Results

HEIGHT, LETTER, PAD = 20, 6.6, 8


def badge(name: str, said: str) -> str:
    """Draw a badge as SVG: a name on dark ground, what is said of it on blue."""
    left, right = (len(text) * LETTER + 2 * PAD for text in (name, said))
    width = left + right
    label = escape(f"{name}: {said}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{HEIGHT}" role="img" '
        f'aria-label="{label}"><title>{label}</title>'
        f'<rect width="{width:.0f}" height="{HEIGHT}" rx="3" fill="#0b5cad"/>'
        f'<path d="M3 0h{left - 3:.0f}v{HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#3d4650"/>'
        '<g fill="#fff" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11">'
        f'<text x="{PAD}" y="14">{escape(name)}</text>'
        f'<text x="{left + PAD:.0f}" y="14">{escape(said)}</text></g></svg>\n'
    )


def badges(results: Results) -> dict[str, str]:
    """Make the badges by name, of the files of results."""
    methods, load = results["methods"], results["serving_load"]
    case = "venice_100k:over_time"
    gap, seconds = methods.get(case, "gap"), methods.get(case, "seconds")
    p99 = load.get("steady", "p99_ms")
    oversold = load.get("steady", "oversold")
    phones = load.get("steady", "answered")
    return {
        "venice": badge("Venice, 100,000 people", f"gap {gap:.1%} in {seconds:.0f} s"),
        "phones": badge(f"{phones:,} phones", f"p99 {p99:.0f} ms, {oversold} oversold"),
    }
