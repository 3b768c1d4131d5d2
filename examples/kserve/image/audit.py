"""Say what pip-audit has found, and fail where it has found something or has not looked.

python examples/kserve/image/audit.py build/audit/found.json

pip-audit itself passes when a service knows none of the packages, as a mirror of the index may not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OURS = "evacroute"


def told(found: dict[str, Any]) -> tuple[str, bool]:
    """Give the report, and whether all is well."""
    parts = [part for part in found["dependencies"] if part["name"] != OURS]
    skipped = [part for part in parts if "skip_reason" in part]
    lines = []
    for part in parts:
        for fault in part.get("vulns", ()):
            fixed = ", ".join(fault["fix_versions"]) or "no version yet"
            lines.append(f"{part['name']} {part['version']}: {fault['id']}, mended in {fixed}")
    looked_up = len(parts) - len(skipped)
    known = len(lines)
    lines.append(f"audit: {looked_up} of {len(parts)} packages looked up, {known} faults known")
    if skipped:
        lines.append(f"audit: NOT looked up: {len(skipped)} packages. {skipped[0]['skip_reason']}")
        lines.append(
            "audit: ask another service, make audit SERVICE=osv, or where there is none to be "
            "reached take build/sbom.json to where there is one"
        )
    return "\n".join(lines), looked_up > 0 and not skipped and not known


def main() -> None:
    """Read the file that is named, print, and leave with 1 if not all is well."""
    found = Path(sys.argv[1])
    if not found.exists():
        raise SystemExit("audit: nothing looked up, pip-audit wrote no file; its words stand above")
    text, well = told(json.loads(found.read_text("utf-8")))
    print(text)
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
