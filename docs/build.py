"""Build the site with Sphinx, warnings as errors, and fail on any link that leads nowhere.

python docs/build.py [site]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from links import broken_in_page, broken_in_site, markdown_pages

DOCS = Path(__file__).resolve().parent


def build(site: Path) -> bool:
    """Write the site; whether Sphinx found nothing to warn of."""
    # Pages of names that are gone would be left over.
    shutil.rmtree(DOCS / "api", ignore_errors=True)
    with tempfile.TemporaryDirectory() as doctrees:
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto"]
        return not subprocess.run([*command, "-E", "-d", doctrees, DOCS, site]).returncode


def main() -> int:
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "site")
    is_built = build(site)
    broken = [link for page in markdown_pages() for link in broken_in_page(page)]
    broken += broken_in_site(site) if is_built else []
    for fault in broken:
        print(f"leads nowhere: {fault}", file=sys.stderr)
    print(f"{len(list(site.rglob('*.html')))} pages in {site}; {len(broken)} broken links")
    if is_built and not broken:
        print(f"open {(site / 'index.html').resolve()} in a browser")
    return 1 if broken or not is_built else 0


if __name__ == "__main__":
    sys.exit(main())
