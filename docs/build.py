"""Build the site with Sphinx, warnings as errors, and fail on any link that leads nowhere.

python docs/build.py [site]
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from links import broken_in_page, broken_in_site, markdown_pages

DOCS = Path(__file__).resolve().parent
MADE = re.compile(r"(api|jupyter_execute)/|gallery/\w+\.(md|ipynb)$|(.*/)?__pycache__/")


def build(site: Path) -> bool:
    """Write the site anew, unless Sphinx warns of something; whether it did not."""
    with tempfile.TemporaryDirectory() as folder:
        docs, made = copy(Path(folder) / "pages"), Path(folder) / "made" / "site"
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto"]
        command += ["-E", "-d", str(Path(folder) / "doctrees"), str(docs), str(made)]
        if subprocess.run(command).returncode:
            return False
        # Pages that are gone would be left over, and their links be found broken.
        if (site / "objects.inv").exists():
            shutil.rmtree(site)
        shutil.copytree(made, site, dirs_exist_ok=True)
        return True


def copy(root: Path) -> Path:
    """Copy docs/ and lead to all beside it, since Sphinx puts pages that it makes among ours.

    So two builds do not meet, and a checkout may be read-only.
    """
    for path in DOCS.rglob("*"):
        name = path.relative_to(DOCS)
        if path.is_file() and not MADE.match(name.as_posix()):
            new = root / "docs" / name
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, new)
    for path in DOCS.parent.iterdir():
        if path.is_file():  # MyST follows links, and would look for pages where they lead.
            shutil.copyfile(path, root / path.name)
        elif path != DOCS and not path.name.startswith("."):
            (root / path.name).symlink_to(path)
    return root / "docs"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("site", nargs="?", type=Path, default=Path("site"), help="folder to write")
    site: Path = parser.parse_args().site
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
