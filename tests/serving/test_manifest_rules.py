"""examples/kserve: what no schema says, from the deployment mode to who may run as whom."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from manifests import KSERVE, KUBECTL, Rendered, each_variant, rendered

MODES = {"knative": "Knative", "standard": "Standard", "openshift": "Standard"}


def options(manifests: Rendered) -> dict[str, str]:
    """Arguments of the server, by name."""
    (container,) = manifests.named("ServingRuntime", "evacroute")["spec"]["containers"]
    return {name: value for name, _, value in (arg.partition("=") for arg in container["args"])}


def containers(manifests: Rendered) -> list[dict[str, Any]]:
    return [each for _, pod in manifests.pods() for each in pod["containers"]]


@each_variant
def test_the_mode_is_always_set(variant: str) -> None:
    """No InferenceService leaves its deployment mode to what a cluster has as default."""
    manifests = rendered(variant)
    for service in manifests.kind("InferenceService"):
        mode = service["metadata"]["annotations"]["serving.kserve.io/deploymentMode"]
        assert mode == MODES[manifests.overlay]


@each_variant
def test_replicas_scale_by_what_the_mode_can(variant: str) -> None:
    """There are two replicas or more, and their number follows a figure that the mode knows."""
    manifests = rendered(variant)
    for service in manifests.kind("InferenceService"):
        predictor = service["spec"]["predictor"]
        assert 2 <= predictor["minReplicas"] < predictor["maxReplicas"]
        scaler = service["metadata"]["annotations"].get("serving.kserve.io/autoscalerClass")
        if manifests.overlay == "knative":
            assert scaler is None
            assert predictor["scaleMetric"] in {"rps", "concurrency"}
        elif scaler == "keda":
            (metric,) = predictor["autoScaling"]["metrics"]
            assert "evacroute_parties_answered_total" in metric["external"]["metric"]["query"]
            # KServe hands on this one alone, and falls over where there is none.
            target = metric["external"]["target"]
            assert target.keys() == {"type", "value"}
            assert target["type"] == "Value"
            assert "scaleMetric" not in predictor
        else:
            assert scaler == "hpa"
            assert predictor["scaleMetric"] in {"cpu", "memory"}


@each_variant
def test_nobody_may_do_more_than_needed(variant: str) -> None:
    """Every container runs as no root, on a root it cannot write, with no capability."""
    manifests = rendered(variant)
    assert len(containers(manifests)) >= 2
    for container in containers(manifests):
        rights = container["securityContext"]
        assert rights["runAsNonRoot"] is True
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert rights["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"privileged", "runAsUser"} & rights.keys()
        assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
    for labels, pod in manifests.pods():
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        asks_the_cluster = manifests.overlay == "openshift" and "component" in labels
        assert pod["automountServiceAccountToken"] is asks_the_cluster
        if manifests.overlay == "openshift":
            fixed = {"runAsUser", "runAsGroup", "fsGroup"}
            assert not fixed & pod.get("securityContext", {}).keys()


@each_variant
def test_what_is_written_is_a_volume(variant: str) -> None:
    """/tmp, the image's home, is a volume of bounded size, and secrets are read-only."""
    (server,) = rendered(variant).named("ServingRuntime", "evacroute")["spec"]["containers"]
    mounts = {mount["mountPath"]: mount for mount in server["volumeMounts"]}
    volumes = rendered(variant).named("ServingRuntime", "evacroute")["spec"]["volumes"]
    by_name = {volume["name"]: volume for volume in volumes}
    assert "sizeLimit" in by_name[mounts["/tmp"]["name"]]["emptyDir"]
    assert mounts["/etc/evacroute/tokens"]["readOnly"] is True


@each_variant
def test_probes_ask_what_can_be_false(variant: str) -> None:
    """Readiness asks the model, not /v2/health/ready, which is always true."""
    (server,) = rendered(variant).named("ServingRuntime", "evacroute")["spec"]["containers"]
    asked = {name: server[name]["httpGet"] for name in server if name.endswith("Probe")}
    assert asked == {
        "startupProbe": {"path": "/v2/health/live", "port": 8080},
        "readinessProbe": {"path": "/v2/models/evacroute/ready", "port": 8080},
        "livenessProbe": {"path": "/v2/health/live", "port": 8080},
    }
    for container in containers(rendered(variant)):
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


@each_variant
def test_images_are_pinned(variant: str) -> None:
    """Every image has a version, and it is not `latest`."""
    for container in containers(rendered(variant)):
        assert re.search(r"(:\d+\.\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$", container["image"])


@each_variant
def test_one_worker_and_one_event(variant: str) -> None:
    """A pod has one worker; ports and model are those that are probed; an event is named."""
    given = options(rendered(variant))
    assert given.get("--workers", "1") == "1"
    assert (given["--http_port"], given["--grpc_port"]) == ("8080", "8081")
    assert (given["--model_dir"], given["--model_name"]) == ("/mnt/models", "evacroute")
    assert given["--event"]
    assert ("--app" in given, "--ops" in given) == ("pages" in variant, "pages" in variant)


@each_variant
def test_pods_outlive_their_drain(variant: str) -> None:
    """A pod is given longer to end than the server takes to finish what it has begun."""
    manifests = rendered(variant)
    (server,) = manifests.named("ServingRuntime", "evacroute")["spec"]["containers"]
    grace = int(options(manifests)["--grace"])
    for predictor in manifests.predictors():
        if manifests.overlay == "knative":
            assert predictor["timeout"] > grace
        else:
            (_, before) = server["lifecycle"]["preStop"]["exec"]["command"]
            assert predictor["terminationGracePeriodSeconds"] > grace + int(before)
        # KServe's batcher holds requests back for up to 5 s.
        assert not {"batcher", "logger"} & predictor.keys()


@each_variant
def test_no_secret_is_in_the_manifests(variant: str) -> None:
    """Secrets hold the placeholders of the examples, and environments name them only."""
    manifests = rendered(variant)
    secrets = {secret["metadata"]["name"]: secret["data"] for secret in manifests.kind("Secret")}
    assert set(secrets) == {"evacroute-redis", "evacroute-tokens"}
    for data in secrets.values():
        (value,) = data.values()
        assert base64.b64decode(value).startswith(b"put-the-output-of-")
    for container in containers(manifests):
        known: set[str] = set()
        for variable in container.get("env", ()):
            used = re.findall(r"\$\((\w+)\)", variable.get("value", ""))
            assert set(used) <= known, "a variable is put in only where it stands further up"
            known.add(variable["name"])
        store = [v["value"] for v in container.get("env", ()) if v["name"] == "EVACROUTE_STORE"]
        assert all(":$(EVACROUTE_REDIS_PASSWORD)@evacroute-redis:6379/" in each for each in store)
    assert "--store" not in options(manifests)


def test_nothing_is_rendered_without_secrets(tmp_path: Path) -> None:
    """Who has made no secrets gets no manifests; the folder keeps all but examples out of git."""
    assert set((KSERVE / "base/secrets/.gitignore").read_text().split()) == {
        "*", "!.gitignore", "!README.md", "!*.example",
    }  # fmt: skip
    rendered("standard")  # skips where there is no kubectl
    ignored = shutil.ignore_patterns("redis-password", "token.key")
    shutil.copytree(KSERVE, tmp_path / "kserve", ignore=ignored)
    done = subprocess.run(
        [str(KUBECTL), "kustomize", str(tmp_path / "kserve/overlays/standard")],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "redis-password" in done.stderr


@each_variant
def test_pods_are_spread(variant: str) -> None:
    """Predictors are spread over nodes and zones; Knative does it by itself, and by flag only."""
    for labels, pod in rendered(variant).pods():
        if "component" not in labels:
            continue
        spread = pod.get("topologySpreadConstraints", [])
        over = {each["topologyKey"] for each in spread}
        wanted = {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        assert over == (set() if rendered(variant).overlay == "knative" else wanted)
        assert all(
            each["labelSelector"]["matchLabels"].items() <= labels.items() for each in spread
        )


def test_the_next_plan_differs_by_its_plan_only() -> None:
    """The canary is the same InferenceService under another name, with another bundle."""
    manifests = rendered("standard canary keda pages")
    now = manifests.named("InferenceService", "evacroute")
    new = manifests.named("InferenceService", "evacroute-next")
    assert now["spec"]["predictor"]["model"].pop("storageUri") != (
        new["spec"]["predictor"]["model"].pop("storageUri")
    )
    assert now["spec"] == new["spec"]
    assert now["metadata"]["annotations"] == new["metadata"]["annotations"]
    assert now["metadata"]["labels"] == new["metadata"]["labels"]


@pytest.mark.parametrize("variant", ["standard", "standard canary keda pages"])
def test_the_route_leads_to_predictors(variant: str) -> None:
    """The route's parts make 100, each goes to a predictor, and KServe opens no other way in."""
    manifests = rendered(variant)
    (rule,) = manifests.named("HTTPRoute", "evacroute")["spec"]["rules"]
    assert sum(each["weight"] for each in rule["backendRefs"]) == 100
    services = manifests.kind("InferenceService")
    names = {f"{service['metadata']['name']}-predictor" for service in services}
    assert {each["name"] for each in rule["backendRefs"]} == names
    for service in services:
        assert service["metadata"]["labels"]["networking.kserve.io/visibility"] == "cluster-local"


def test_open_data_hub_checks_callers() -> None:
    """On OpenShift the service has a Route, and asks who calls."""
    service = rendered("openshift").named("InferenceService", "evacroute")
    assert service["metadata"]["annotations"]["security.opendatahub.io/enable-auth"] == "true"
    assert service["metadata"]["labels"]["networking.kserve.io/visibility"] == "exposed"
    (rule,) = rendered("openshift").named("Role", "evacroute-ask")["rules"]
    assert (rule["verbs"], rule["resourceNames"]) == (["get"], ["evacroute"])
