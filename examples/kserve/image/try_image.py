"""Build the image for real and ask it, with neither a container engine nor an image registry.

python examples/kserve/image/try_image.py [--work build/image] [--keep]

Needs root, `buildah` and `debootstrap` (Debian: apt-get install buildah debootstrap). The base is a
minimal Debian; the machine's own package index goes in by a secret and by volumes, never into the
image. Prints one JSON object. Without a container engine the root file system is not mounted
read-only: instead the image's user must be unable to write to what it runs.
"""

from __future__ import annotations

import argparse
import configparser
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
MIRROR = "http://deb.debian.org/debian"
BASE, IMAGE = "localhost/base", "localhost/evacroute:test"
USER = "10001:0"
PERSON = {"token": "try-image-0001", "party_size": 2}


def run(*words: str | Path, **options: Any) -> str:
    """Output of a command; its errors go to this program's stderr, and a failure ends it."""
    done = subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, text=True, check=True, **options
    )
    return done.stdout.strip()


class Builder:
    """Buildah with a storage of its own, so that the machine's images stay as they are."""

    def __init__(self, work: Path):
        self.start = [
            "buildah", "--root", str(work / "storage"), "--runroot", str(work / "run"),
            "--storage-driver", "vfs",
        ]  # fmt: skip

    def __call__(self, *words: str | Path, **options: Any) -> str:
        return run(*self.start, *words, **options)

    def inside(
        self, container: str, *words: str | Path, volumes: tuple[str, ...] = ()
    ) -> list[str]:
        """Give the words that run a command as the image's user."""
        mounts = [word for volume in volumes for word in ("--volume", volume)]
        options = ["run", "--isolation", "chroot", "--user", USER, *mounts, container, "--"]
        return [*self.start, *options, *words]


def make_base(buildah: Builder, work: Path) -> None:
    """Make the base from Debian's packages: Python with venv, certificates, nothing else."""
    folder = work / "base"
    if not (folder / "usr/bin/python3").exists():
        shutil.rmtree(folder, ignore_errors=True)
        packages = "--include=python3,python3-venv,ca-certificates"
        run("debootstrap", "--variant=minbase", packages, "bookworm", folder, MIRROR)
    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, folder, "/")
    buildah("commit", "--quiet", container, BASE)
    buildah("rm", container)


def index_options(work: Path) -> list[str]:
    """Give the build this machine's settings of pip, and the folders and files they name."""
    listed = run(sys.executable, "-m", "pip", "config", "list")
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = {}
    paths = set()
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        value = value.strip("'\"").replace("\\n", " ")
        settings["global"][name.rpartition(".")[2]] = value
        paths |= {word.removeprefix("file://") for word in value.split()}
    conf = work / "pip.conf"
    with conf.open("w") as file:
        settings.write(file)
    volumes = []
    for path in sorted(paths):
        place = Path(path)
        # The parent too: an index on disk keeps its files beside the list of them.
        place = place.parent if place.name == "simple" else place
        if path.startswith("/") and place.exists():
            volumes += ["--volume", f"{place}:{place}:ro"]
    return ["--secret", f"id=pip,src={conf}", *volumes]


def build(buildah: Builder, work: Path, serving: bool) -> float:
    """Build the image; the seconds it took."""
    arguments = ["--build-arg", f"BASE={BASE}"]
    if not serving:
        arguments += ["--build-arg", "WARM=-m evacroute demo --people 500 --out /tmp/demo"]
    begun = time.monotonic()
    buildah(
        "bud", "--isolation", "chroot", "--format", "docker", "--no-cache", *arguments,
        *index_options(work), "-f", ROOT / "examples/kserve/image/Dockerfile", "-t", IMAGE, ROOT,
    )  # fmt: skip
    return time.monotonic() - begun


def size_of(buildah: Builder, container: str) -> dict[str, int]:
    """Megabytes of the whole, and of its parts."""
    mounted = Path(buildah("mount", container))
    parts = {"all": mounted, "venv": mounted / "opt/evacroute"}
    sizes = {name: int(run("du", "-sm", path).split()[0]) for name, path in parts.items()}
    sizes["kernels"] = int(run("du", "-sm", mounted / "opt/evacroute/kernels").split()[0])
    compilers = ("gcc", "cc", "g++", "clang", "make")
    found = [name for name in compilers if (mounted / "usr/bin" / name).exists()]
    leaked = [
        path for path in ("etc/pip.conf", "tools", "src", "dist") if (mounted / path).exists()
    ]
    if found or leaked:
        raise SystemExit(f"the image holds what it must not: {found + leaked}")
    buildah("umount", container)
    return sizes


NO_RIGHT = """
import os, pathlib, evacroute
home = pathlib.Path(evacroute.__file__).parent
for folder in (home, pathlib.Path('/opt/evacroute/kernels'), pathlib.Path('/etc')):
    assert not os.access(folder, os.W_OK), folder
print(os.getuid(), os.getgid(), evacroute.__version__)
"""


def ask_core(buildah: Builder, container: str) -> dict[str, Any]:
    """Import the package and plan as the image's user, with the kernels that it was built with."""
    told = run(*buildah.inside(container, "python", "-c", NO_RIGHT))
    begun = time.monotonic()
    words = (
        "python",
        "-m",
        "evacroute",
        "demo",
        "--people",
        "500",
        "--out",
        "/tmp/asked",
        "--json",
    )
    done = subprocess.run(
        buildah.inside(container, *words), capture_output=True, text=True, check=True
    )
    json.loads(done.stdout)
    return {
        "user": told,
        "plan of 500 [s]": round(time.monotonic() - begun, 1),
        "kernels compiled anew": done.stderr.count("kernel not in the image"),
    }


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def leaf(pid: int) -> int:
    """The process at the end of a chain of children: the server, below buildah's own."""
    while True:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [child for task in tasks for child in task.read_text().split()]
        if not children:
            return pid
        pid = int(children[-1])


def asked(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def ask_server(buildah: Builder, container: str, work: Path) -> dict[str, Any]:
    """Start the server on a bundle, wait for readiness, ask for one person, stop it in order."""
    shutil.rmtree(work / "models", ignore_errors=True)
    (work / "models").mkdir()
    (work / "models").chmod(0o777)  # the image's user makes the bundle
    mount = (f"{work / 'models'}:/mnt/models:rw",)
    for words in (
        ("demo", "--people", "2000", "--method", "over_time", "--out", "/tmp/plan"),
        ("bundle", "/tmp/plan", "--out", "/mnt/models/bundle"),
    ):
        run(*buildah.inside(container, "python", "-m", "evacroute", *words, volumes=mount))
    http, grpc = free_ports(2)
    words = (
        "python", "-m", "evacroute.serving", "--model_dir", "/mnt/models", "--model_name",
        "evacroute", "--http_port", str(http), "--grpc_port", str(grpc), "--store", "memory:",
    )  # fmt: skip
    mount = (f"{work / 'models' / 'bundle'}:/mnt/models:ro",)
    log = work / "server.log"
    begun = time.monotonic()
    with log.open("w") as file:
        server = subprocess.Popen(
            buildah.inside(container, *words, volumes=mount), stdout=file, stderr=file
        )
    try:
        place = f"http://127.0.0.1:{http}"
        wait_ready(server, f"{place}/v2/models/evacroute/ready", log)
        ready = time.monotonic() - begun
        body = {"instances": [{**PERSON, **somewhere()}]}
        answer = asked(f"{place}/v1/models/evacroute:predict", body)["predictions"][0]
        first = time.monotonic() - begun
        os.kill(leaf(server.pid), signal.SIGTERM)
        code = server.wait(timeout=60)
    finally:
        if server.poll() is None:
            os.kill(leaf(server.pid), signal.SIGKILL)
            server.wait()
    anew = log.read_text().count("kernel not in the image")
    if code != 0 or anew:
        raise SystemExit(f"exit code {code}, {anew} kernels compiled anew; see {log}")
    return {
        "ready [s]": round(ready, 1),
        "first answer [s]": round(first, 1),
        "status": answer["status"],
        "exit code after SIGTERM": code,
    }


def wait_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + 120
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError):
            asked(url)
            return
        if server.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the server did not get ready; see {log}")
        time.sleep(0.05)


def somewhere() -> dict[str, float]:
    """A node of the sample city that has a street."""
    import pandas as pd

    nodes = pd.read_csv(ROOT / "data/lagoon/node.csv")
    middle = nodes.iloc[len(nodes) // 2]
    return {"lon": float(middle["x_coord"]), "lat": float(middle["y_coord"])}


def main() -> None:
    options = argparse.ArgumentParser(description="Build the image and ask it.")
    options.add_argument("--work", type=Path, default=ROOT / "build" / "image")
    options.add_argument("--keep", action="store_true", help="keep the images of this run")
    given = options.parse_args()
    if os.getuid() != 0 or not (shutil.which("buildah") and shutil.which("debootstrap")):
        raise SystemExit("needs root, buildah and debootstrap: apt-get install buildah debootstrap")
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    buildah = Builder(work)
    serving = (ROOT / "evacroute" / "serving" / "__main__.py").exists()
    report: dict[str, Any] = {}
    try:
        make_base(buildah, work)
        report["build [s]"] = round(build(buildah, work, serving))
        container = buildah("from", IMAGE)
        report["size [MB]"] = size_of(buildah, container)
        report["core"] = ask_core(buildah, container)
        missing = "not asked: this checkout has no evacroute.serving"
        report["server"] = ask_server(buildah, container, work) if serving else missing
    finally:
        if not given.keep:
            buildah("rm", "--all")
            buildah("rmi", "--all", "--force")
            (work / "pip.conf").unlink(missing_ok=True)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
