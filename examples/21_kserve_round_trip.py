"""From a plan to a server and back: a bundle, `evacroute serve`, and three questions over HTTP."""

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from city import read_city, save_picture

import evacroute as er
from evacroute.plotting import plot_plan


@contextmanager
def served(bundle, log):
    """Start the server on a free port, wait until it is ready, and end it in any case."""
    line = [sys.executable, "-m", "evacroute", "serve", bundle, "--store", "memory:"]
    line += ["--http_host", "127.0.0.1", "--http_port", "0", "--grpc_port", "0"]
    with log.open("wb") as out, subprocess.Popen(line, stdout=out, stderr=out) as server:
        try:
            while '"event":"ready"' not in (said := log.read_text()):
                if server.poll() is not None:
                    sys.exit(f"the server has ended:\n{said}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{json.loads(said.splitlines()[0])['http_port']}"
        finally:
            server.terminate()


def draw(ax):
    x, y = er.units.to_metres(*zip(*way, strict=True), network.origin)
    plot_plan(plan, ax).plot(x, y, "#009E73", linewidth=4)


if importlib.util.find_spec("kserve") is None:
    sys.exit(print("the server needs an extra: pip install 'evacroute[serving]'"))
plan = er.assign(read_city(people=5000, deadline="90 min"))
network = plan.scenario.network
where = zip(("lon", "lat"), network.geometry(plan.movements.leg_link[0])[0], strict=True)
party = {"token": "3f9a1c", "party_size": 2, **dict(where)}
v1 = "v1/models/evacroute:predict", {"instances": [party]}
v2 = [{"name": n, "datatype": "FP64", "shape": [1], "data": [party[n]]} for n in ("lon", "lat")]
told, head = [], {"Content-Type": "application/json"}
with tempfile.TemporaryDirectory() as folder:
    plan.save_bundle(bundle := Path(folder) / "bundle")
    with served(bundle, bundle.with_suffix(".log")) as address:
        for path, body in (v1, v1, ("v2/models/evacroute/infer", {"inputs": v2})):
            request = Request(f"{address}/{path}", json.dumps(body).encode(), head)
            told.append(json.load(urlopen(request, timeout=30)))
for answer in told[0]["predictions"] + told[1]["predictions"]:
    print(f"{answer['status']}: {answer['shelter']['name']}, {len(answer['directions'])} steps")
print("V2:", *(f"{column['name']}={column['data'][0]}" for column in told[2]["outputs"][:9]))
way = answer["route"]["coordinates"]
save_picture(draw)
