"""From a plan to a server and back: a bundle, `evacroute serve`, and three questions over HTTP."""

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


def ask(url, question):
    request = Request(url, json.dumps(question).encode(), {"Content-Type": "application/json"})
    return json.load(urlopen(request, timeout=30))


def draw(ax):
    lon_lat = zip(*answer["route"]["coordinates"], strict=True)
    x, y = er.units.to_metres(*lon_lat, plan.scenario.network.origin)
    plot_plan(plan, ax).plot(x, y, "#009E73", linewidth=4)


plan = er.assign(read_city(people=5000, deadline="90 min"))
lon, lat = plan.scenario.network.geometry(plan.movements.leg_link[0])[0]
party = {"token": "3f9a1c", "lon": lon, "lat": lat, "party_size": 2}
v2 = [{"name": n, "datatype": "FP64", "shape": [1], "data": [party[n]]} for n in ("lon", "lat")]
with tempfile.TemporaryDirectory() as folder:
    plan.save_bundle(Path(folder) / "bundle")
    with served(Path(folder) / "bundle", Path(folder) / "log") as address:
        for _ in range(2):  # Whoever asks again with their token keeps their place.
            told = ask(f"{address}/v1/models/evacroute:predict", {"instances": [party]})
            (answer,) = told["predictions"]
            steps, name = len(answer["directions"]), answer["shelter"]["name"]
            print(f"{answer['status']}: {name}, {steps} steps")
        told = ask(f"{address}/v2/models/evacroute/infer", {"inputs": v2})
        print("V2:", *(f"{column['name']}={column['data'][0]}" for column in told["outputs"][:9]))
save_picture(draw)
