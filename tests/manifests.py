"""Manifests of examples/kserve as kubectl renders them, and schemas closed to unknown fields."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import missing

KSERVE = Path(__file__).resolve().parent.parent / "examples" / "kserve"
KUBECTL = shutil.which("kubectl")

VARIANTS: dict[str, tuple[str, ...]] = {
    "knative": (),
    "knative open_to_phones pages": ("open_to_phones", "pages"),
    "standard": (),
    "standard canary keda pages": ("canary", "keda", "pages"),
    "standard open_to_phones": ("open_to_phones",),
    "openshift": (),
    "openshift pages": ("pages",),
}
"""What is rendered: an overlay, and the components that are added to it."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """All documents of one variant."""

    name: str
    documents: tuple[Document, ...]

    @property
    def overlay(self) -> str:
        return self.name.split()[0]

    def kind(self, kind: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] == kind]

    def named(self, kind: str, name: str) -> Document:
        (found,) = (d for d in self.kind(kind) if d["metadata"]["name"] == name)
        return found

    def predictors(self) -> list[Document]:
        """The `predictor` of each InferenceService."""
        return [service["spec"]["predictor"] for service in self.kind("InferenceService")]

    def pods(self) -> Iterator[tuple[dict[str, str], Document]]:
        """Labels and spec of each pod: the predictors', as KServe merges them, and Redis's."""
        runtime = self.named("ServingRuntime", "evacroute")["spec"]
        for service in self.kind("InferenceService"):
            own = {
                "serving.kserve.io/inferenceservice": service["metadata"]["name"],
                "component": "predictor",
            }
            predictor = service["spec"]["predictor"]
            yield {**predictor["labels"], **own}, merged_pod(runtime, predictor)
        for stateful in self.kind("StatefulSet"):
            template = stateful["spec"]["template"]
            yield template["metadata"]["labels"], template["spec"]


each_variant = pytest.mark.parametrize("variant", list(VARIANTS), ids=lambda v: v.replace(" ", "+"))


def rendered(variant: str) -> Rendered:
    """One of `VARIANTS`; the test is skipped, in CI failed, where kubectl is missing."""
    if KUBECTL is None:
        missing("no kubectl on this machine, which renders the manifests")
    return _rendered(variant)


@cache
def _rendered(variant: str) -> Rendered:
    with tempfile.TemporaryDirectory() as folder:
        return _render(with_example_secrets(Path(folder)), variant)


def rendered_of(name: str, text: str) -> Rendered:
    """What a kustomization renders to that stands in a folder beside the overlays."""
    if KUBECTL is None:
        missing("no kubectl on this machine, which renders the manifests")
    with tempfile.TemporaryDirectory() as folder:
        own = with_example_secrets(Path(folder)) / "overlays" / name
        own.mkdir()
        (own / "kustomization.yaml").write_text(text)
        return _kustomized(name, own)


def with_example_secrets(folder: Path) -> Path:
    """Copy the manifests, with the examples of secrets in the place of secrets."""
    copy = folder / "kserve"
    shutil.copytree(KSERVE, copy, ignore=shutil.ignore_patterns("redis-password", "token.key"))
    for example in (copy / "base" / "secrets").glob("*.example"):
        example.with_suffix("").write_bytes(example.read_bytes())
    return copy


def _render(copy: Path, name: str) -> Rendered:
    overlay = copy / "overlays" / name.split()[0]
    if VARIANTS[name]:
        folder = copy / "overlays" / name.replace(" ", "-")
        folder.mkdir()
        parts = {
            "resources": [f"../{overlay.name}"],
            "components": [f"../../components/{part}" for part in VARIANTS[name]],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(parts))
        overlay = folder
    return _kustomized(name, overlay)


def _kustomized(name: str, folder: Path) -> Rendered:
    done = subprocess.run(
        [str(KUBECTL), "kustomize", str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "kustomize warns of something"
    return Rendered(name, tuple(yaml.safe_load_all(done.stdout)))


# What of a predictor is no part of its pod.
_NOT_OF_A_POD = {
    "annotations", "autoScaling", "batcher", "canaryTrafficPercent", "containerConcurrency",
    "deploymentStrategy", "labels", "logger", "maxReplicas", "minReplicas", "model", "scaleMetric",
    "scaleMetricType", "scaleTarget", "timeout",
}  # fmt: skip
_NOT_OF_A_CONTAINER = {"modelFormat", "protocolVersion", "runtime", "runtimeVersion", "storageUri"}


def merged_pod(runtime: Document, predictor: Document) -> Document:
    """Merge a runtime and a predictor into a pod, as KServe does with what stands in them here.

    Lists by name are joined, the predictor's arguments come after the runtime's, and all else is
    the predictor's where it says something.
    """
    container = dict(runtime["containers"][0])
    for key, value in predictor["model"].items():
        if key in _NOT_OF_A_CONTAINER:
            continue
        joined = key in {"args", "env", "volumeMounts"}
        container[key] = [*container.get(key, ()), *value] if joined else value
    pod = {key: value for key, value in predictor.items() if key not in _NOT_OF_A_POD}
    pod["volumes"] = [*runtime.get("volumes", ()), *predictor.get("volumes", ())]
    pod["containers"] = [container, *predictor.get("containers", ())]
    return pod


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector of `matchLabels` chooses what has these labels."""
    assert set(selector) <= {"matchLabels"}, "expressions are not looked at here"
    return selector.get("matchLabels", {}).items() <= labels.items()


def schema_of(file: Path, version: str) -> Document:
    """Schema of one version of a CustomResourceDefinition, closed."""
    definition = yaml.load(file.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader"))  # noqa: B009
    (found,) = (v for v in definition["spec"]["versions"] if v["name"] == version)
    return closed(found["schema"]["openAPIV3Schema"])


def closed(schema: Any) -> Any:
    """Close a schema: an object may hold what the schema names, and nothing else.

    A cluster drops unknown fields in silence, so that a misspelt field has no effect there.
    """
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [closed(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {
        # Names of properties are no words of the schema.
        key: {name: closed(each) for name, each in value.items()}
        if key == "properties"
        else closed(value)
        for key, value in schema.items()
    }
    kept = schema.get("x-kubernetes-preserve-unknown-fields", False)
    if isinstance(schema.get("properties"), Mapping) and not kept:
        made.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return made


def without_flagged(schema: Any, on: frozenset[str]) -> Any:
    """Take out of Knative's schema what it refuses unless a feature is switched on."""
    if isinstance(schema, list):
        return [without_flagged(each, on) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for key, value in schema.items():
        if key == "properties":
            value = {name: each for name, each in value.items() if _flag_of(each) in {None, *on}}
            made[key] = {name: without_flagged(each, on) for name, each in value.items()}
        else:
            made[key] = without_flagged(value, on)
    return made


def _flag_of(schema: Document) -> str | None:
    words = schema.get("description", "")
    return words.split(" - ")[-1].split()[0] if "behind a feature flag" in words else None
