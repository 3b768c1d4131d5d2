"""examples/kserve: what is rendered fits closed schemas of KServe, of Knative and of the rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from core_schemas import METADATA, SCHEMAS
from manifests import VARIANTS, closed, each_variant, rendered, schema_of, without_flagged

CRDS = {
    ("serving.kserve.io/v1beta1", "InferenceService"): "inferenceservices",
    ("serving.kserve.io/v1alpha1", "ServingRuntime"): "servingruntimes",
}
# Features of Knative that are on unless somebody switches them off.
KNATIVE_ON = frozenset({"kubernetes.podspec-volumes-emptydir", "kubernetes.podspec-emptydir"})


@pytest.fixture(scope="module")
def crds(shared: Path) -> Path:
    return shared / "data" / "crds"


@cache
def crd(folder: Path, file: str, version: str) -> dict[str, Any]:
    return schema_of(folder / file, version)


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    checker = jsonschema_rs.Draft202012Validator(schema)
    return [f"{fault.instance_path}: {fault.message[:300]}" for fault in checker.iter_errors(value)]


@each_variant
def test_documents_of_kserve_fit_its_schemas(variant: str, crds: Path) -> None:
    """InferenceServices and ServingRuntimes hold only what KServe knows, of the right type."""
    seen = 0
    for document in rendered(variant).documents:
        plural = CRDS.get((document["apiVersion"], document["kind"]))
        if plural is None:
            continue
        version = document["apiVersion"].split("/")[1]
        schema = crd(crds, f"serving.kserve.io_{plural}.yaml", version)
        assert faults(schema, document) == []
        assert faults(METADATA, document["metadata"]) == []
        seen += 1
    assert seen == (3 if "canary" in variant else 2)


@each_variant
def test_other_documents_fit_too(variant: str) -> None:
    """Every other document is of a kind that is known here, and holds only what it may."""
    for document in rendered(variant).documents:
        kind = (document["apiVersion"], document["kind"])
        if kind not in CRDS:
            assert kind in SCHEMAS, kind
            assert faults(SCHEMAS[kind], document) == [], document["metadata"]["name"]


@each_variant
def test_pods_fit_the_schema_of_pods(variant: str, crds: Path) -> None:
    """Pods, of Redis and as KServe merges them, hold only fields that pods have."""
    service = crd(crds, "serving.kserve.io_inferenceservices.yaml", "v1beta1")
    predictor = service["properties"]["spec"]["properties"]["predictor"]
    for _, pod in rendered(variant).pods():
        assert faults(predictor, pod) == []


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name.startswith("knative")])
def test_knative_takes_the_pod(variant: str, crds: Path) -> None:
    """The merged pod is a Knative service's: one port, and nothing that needs a feature flag."""
    spec = crd(crds, "knative-serving-service.yaml", "v1")["properties"]["spec"]
    revision = without_flagged(spec["properties"]["template"]["properties"]["spec"], KNATIVE_ON)
    manifests = rendered(variant)
    (predictor,) = manifests.predictors()
    _, pod = next(iter(manifests.pods()))
    pod = {
        **pod,
        "containerConcurrency": predictor["containerConcurrency"],
        "timeoutSeconds": predictor["timeout"],
    }
    assert faults(revision, pod) == []
    (port,) = pod["containers"][0]["ports"]
    assert port["name"] in {"http1", "h2c"}


def test_closed_schemas_find_a_misspelt_field(crds: Path) -> None:
    """A field that KServe does not know is a fault, at any depth; so is one that Knative flags."""
    schema = crd(crds, "serving.kserve.io_inferenceservices.yaml", "v1beta1")
    document = rendered("standard").named("InferenceService", "evacroute")
    predictor = document["spec"]["predictor"]
    for wrong in (
        {**predictor, "minReplica": 2},
        {**predictor, "model": {**predictor["model"], "storageURI": "s3://x/y"}},
        {**predictor, "minReplicas": "2"},
    ):
        assert len(faults(schema, {**document, "spec": {"predictor": wrong}})) == 1
    knative = crd(crds, "knative-serving-service.yaml", "v1")["properties"]["spec"]
    revision = without_flagged(knative["properties"]["template"]["properties"]["spec"], KNATIVE_ON)
    pod = {"containers": [{"image": "x"}], "terminationGracePeriodSeconds": 45}
    assert len(faults(revision, pod)) == 1
    assert len(faults(revision, {"containers": [], "topologySpreadConstraints": []})) == 1


def test_closing_a_schema() -> None:
    """Closing leaves open what is said to be open, and names of properties are no keywords."""
    schema = {
        "type": "object",
        "properties": {
            "properties": {"type": "object", "properties": {"a": {"type": "integer"}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "share": {"x-kubernetes-int-or-string": True},
        },
    }
    tight = closed(schema)
    assert faults(tight, {"properties": {"a": 1}, "free": {"b": 1}, "share": "10%"}) == []
    assert len(faults(tight, {"properties": {"b": 1}})) == 1
    assert len(faults(tight, {"share": 1.5})) == 1
