"""The pages on deploying: commands name what there is, and patches give valid documents."""

from __future__ import annotations

import json
import re
import shlex
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from core_schemas import SCHEMAS
from manifests import KSERVE, rendered, rendered_of, schema_of

ROOT = KSERVE.parents[1]
PAGES = ("deploying.md", "how_to/serve_on_kserve.md", "how_to/serve_on_openshift.md")
PAGE = "\n".join((ROOT / "docs" / name).read_text("utf-8") for name in PAGES)
CONSOLES = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    shlex.split(command)
    for console in CONSOLES
    for command in re.split(r"^\$ ", console.replace("\\\n", " "), flags=re.MULTILINE)
    if command.strip()
]
TO_BE_MADE = {
    "examples/kserve/base/secrets/redis-password",
    "examples/kserve/base/secrets/token.key",
    "examples/kserve/overlays/own",
}


def patched(document: dict[str, Any], command: list[str]) -> dict[str, Any]:
    """What `kubectl patch` makes of a document: a merge of objects, or a list of operations."""
    made = deepcopy(document)
    patch = json.loads(command[command.index("-p") + 1])
    if command[command.index("--type") + 1] == "merge":
        return merged(made, patch)
    for operation in patch:
        *way, last = operation["path"].strip("/").split("/")
        place: Any = made
        for name in way:
            place = place[int(name) if isinstance(place, list) else name]
        assert last in place, operation["path"]
        if operation["op"] == "remove":
            del place[last]
        else:
            place[last] = operation["value"]
    return made


def merged(old: Any, new: Any) -> Any:
    if not isinstance(new, dict):
        return new
    return {**old, **{key: merged(old.get(key, {}), value) for key, value in new.items()}}


def patches(kind: str) -> list[list[str]]:
    return [words for words in COMMANDS if "patch" in words and kind in words]


def test_paths_and_targets_exist() -> None:
    """Files and folders, components and make targets that the page names are there."""
    named = set(re.findall(r"examples/kserve[\w./-]*", " ".join(map(" ".join, COMMANDS))))
    assert len(named) > 3
    assert [path for path in named - TO_BE_MADE if not (ROOT / path).exists()] == []
    inside = re.findall(r"`((?:base|overlays|gateway|components)/[\w./-]+)`", PAGE)
    assert [path for path in inside if not (KSERVE / path).exists()] == []
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for words in COMMANDS:
        assert words[0] != "make" or f"\n{words[1]}:" in makefile, words


@pytest.mark.parametrize("overlay", ["standard", "knative", "openshift"])
def test_components_by_the_page(overlay: str) -> None:
    """A folder of one's own, as the page shows it, renders with each component of the overlay."""
    (shown,) = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    path, text = shown
    assert path == "examples/kserve/overlays/own/kustomization.yaml"
    kinds = {"pages", "open_to_phones"} | ({"keda", "canary"} if overlay == "standard" else set())
    for part in sorted(kinds):
        own = text.replace("../standard", f"../{overlay}").replace("/pages]", f"/{part}]")
        assert f"components/{part}]" in own
        made = rendered_of("own", own)
        args = made.named("ServingRuntime", "evacroute")["spec"]["containers"][0]["args"]
        assert ("--ops" in args) == (part == "pages")
        assert len(made.kind("InferenceService")) == (2 if part == "canary" else 1)
        scalers = {
            each["metadata"]["annotations"].get("serving.kserve.io/autoscalerClass")
            for each in made.kind("InferenceService")
        }
        assert ("keda" in scalers) == (part == "keda")


def test_a_canary_by_the_page(shared: Path) -> None:
    """On Knative the patches give a tenth, take it over, or go back, each a valid service."""
    schema = schema_of(shared / "data/crds/serving.kserve.io_inferenceservices.yaml", "v1beta1")
    checker = jsonschema_rs.Draft202012Validator(schema)
    first = rendered("knative").named("InferenceService", "evacroute")
    begin, take_over, go_back = patches("inferenceservice")
    tenth = patched(first, begin)
    assert tenth["spec"]["predictor"]["canaryTrafficPercent"] == 10
    assert tenth["spec"]["predictor"]["model"]["storageUri"].endswith("plan-2")
    assert tenth["spec"]["predictor"]["model"]["runtime"] == "evacroute"
    taken = patched(tenth, take_over)["spec"]["predictor"]
    assert "canaryTrafficPercent" not in taken
    assert patched(tenth, go_back)["spec"]["predictor"]["canaryTrafficPercent"] == 0
    for each in (tenth, patched(tenth, take_over), patched(tenth, go_back)):
        assert list(checker.iter_errors(each)) == []


def test_weights_by_the_page() -> None:
    """In Standard mode a new plan gets nothing before it is ready, then a tenth, then all."""
    route = rendered("standard canary keda pages").named("HTTPRoute", "evacroute")
    tenth, all_ = patches("httproute")
    checker = jsonschema_rs.Draft202012Validator(
        SCHEMAS["gateway.networking.k8s.io/v1", "HTTPRoute"]
    )
    for made, share in ((route, 0), (patched(route, tenth), 10), (patched(route, all_), 100)):
        weights = {e["name"]: e["weight"] for e in made["spec"]["rules"][0]["backendRefs"]}
        assert weights == {"evacroute-predictor": 100 - share, "evacroute-next-predictor": share}
        assert list(checker.iter_errors(made)) == []


@pytest.mark.parametrize("overlay", ["knative", "standard", "openshift"])
def test_every_overlay_is_told_of(overlay: str) -> None:
    """The pages have a row for each overlay, and every component is named."""
    assert f"| `{overlay}` |" in PAGE
    parts = [path.name for path in (KSERVE / "components").iterdir()]
    assert [part for part in parts if f"`{part}`" not in PAGE] == []
