"""Run the examples and keep what they print and draw: docs/gallery/NAME.png and runs.json.

python docs/gallery.py [NAME ...]     the examples of these names, such as 06 or 06_a_bridge_closes;
                                      all by default
"""

from __future__ import annotations

import ast
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image

import evacroute as er

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
FOLDER = ROOT / "docs" / "gallery"
MOST_BYTES = 60_000
MOST_LINES = 60
COLOURS = (32, 24, 16, 12)


def title_of(script: Path) -> str:
    """First line of a script's docstring."""
    doc = ast.get_docstring(ast.parse(script.read_text("utf-8")))
    if not doc:
        raise SystemExit(f"{script.name} has no docstring")
    return doc.splitlines()[0]


def chosen(names: list[str]) -> list[Path]:
    """Scripts whose name begins so; all where no name is given."""
    scripts = sorted(EXAMPLES.glob("[0-9]*.py"))
    if not names:
        return scripts
    found = [path for path in scripts if path.stem.startswith(tuple(names))]
    for name in names:
        if not any(path.stem.startswith(name) for path in found):
            raise SystemExit(f"there is no example {name} in {EXAMPLES}")
    return found


def shortened(text: str, folder: Path) -> str:
    """What was printed, without paths of the folder of the run and without its middle if long."""
    for path in (folder.resolve(), folder):
        text = text.replace(f"{path}{os.sep}", "")
    # The picture stands beside it.
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith("picture: ")]
    if len(lines) > MOST_LINES:
        out = len(lines) - MOST_LINES + 1
        half = MOST_LINES // 2
        lines[half : half + out] = [f"... ({out} lines are left out here)"]
    return "\n".join(lines).strip("\n")


def keep_picture(drawn: Path, path: Path) -> None:
    """Keep a picture in as many colours as leave it small."""
    with Image.open(drawn) as image:
        image = image.convert("RGB")
        for colours in COLOURS:
            few = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=0)
            few.save(path, optimize=True)
            if path.stat().st_size <= MOST_BYTES:
                return
    raise SystemExit(f"{path}: {path.stat().st_size:,} bytes, expected {MOST_BYTES:,} at most")


def run(script: Path, *options: str) -> dict[str, Any]:
    """Run a script in a folder of its own; keep its picture, and give what it printed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = folder / f"{script.stem}.png"
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, script, "--picture", picture, *options],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        spent = time.perf_counter() - begin
        if done.returncode or not picture.exists():
            why = done.stderr.strip() or "it drew no picture"
            raise SystemExit(f"{script.name}: exit code {done.returncode}\n{why}")
        FOLDER.mkdir(exist_ok=True)
        keep_picture(picture, FOLDER / f"{script.stem}.png")
        printed = shortened(done.stdout, folder)
    return {
        "title": title_of(script),
        "printed": printed,
        "seconds": round(spent, 1),
        "made": date.today().isoformat(),
        "version": er.__version__,
    }


def machine() -> dict[str, Any]:
    """Say what the examples ran on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def main() -> int:
    path = FOLDER / "runs.json"
    runs: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    there = {script.stem for script in chosen([])}
    for script in chosen(sys.argv[1:]):
        runs[script.stem] = run(script)
        picture = FOLDER / f"{script.stem}.png"
        size = picture.stat().st_size / 1000
        print(f"{script.stem}: {runs[script.stem]['seconds']} s, {size:.0f} kB", flush=True)
        # Written after each, so that a run that is cut short leaves what is done.
        runs = {"machine": machine()} | {stem: runs[stem] for stem in sorted(there & set(runs))}
        path.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
