"""examples/kserve: who reaches whom in the namespace, and what the gateway lets through."""

from __future__ import annotations

from typing import Any

import pytest
from manifests import Rendered, each_variant, matches, rendered

PREDICTOR = {
    "app.kubernetes.io/part-of": "evacroute",
    "app.kubernetes.io/component": "predictor",
}
REDIS = {**PREDICTOR, "app.kubernetes.io/component": "redis"}
OPEN = {
    "knative": {8012, 8013, 8112, 9090},  # of the queue-proxy that Knative puts beside the server
    "standard": {8080, 8081},
    "openshift": {8443},  # of the proxy that Open Data Hub puts there
}


def policy(manifests: Rendered, name: str) -> dict[str, Any]:
    return manifests.named("NetworkPolicy", name)["spec"]


def ports(rules: list[dict[str, Any]]) -> set[int]:
    return {port["port"] for rule in rules for port in rule["ports"]}


@each_variant
def test_all_is_shut_first(variant: str) -> None:
    """One policy shuts every pod both ways, and each of the others chooses one kind of pod."""
    shut = policy(rendered(variant), "default-deny")
    assert shut == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    pods = [labels for labels, _ in rendered(variant).pods()]
    for each in rendered(variant).kind("NetworkPolicy"):
        if each["metadata"]["name"] == "default-deny":
            continue
        selector = each["spec"]["podSelector"]
        chosen = {pod["app.kubernetes.io/component"] for pod in pods if matches(selector, pod)}
        assert len(chosen) == 1, each["metadata"]["name"]


@each_variant
def test_only_the_gateway_and_prometheus_reach_predictors(variant: str) -> None:
    """Predictors are reached by the gateway at its ports, and by Prometheus at the metrics."""
    manifests = rendered(variant)
    gateway = policy(manifests, "gateway-to-predictor")
    assert ports(gateway["ingress"]) == OPEN[manifests.overlay]
    metrics = policy(manifests, "prometheus-to-predictor")
    assert ports(metrics["ingress"]) == {8080}
    for rule in (*gateway["ingress"], *metrics["ingress"]):
        for peer in rule["from"]:
            # An empty selector of namespaces would be everybody.
            assert peer["namespaceSelector"]["matchLabels"]
    into = [
        each["metadata"]["name"]
        for each in manifests.kind("NetworkPolicy")
        if each["spec"].get("ingress") and matches(each["spec"]["podSelector"], PREDICTOR)
    ]
    assert sorted(into) == ["gateway-to-predictor", "prometheus-to-predictor"]


@each_variant
def test_predictors_reach_names_redis_and_the_bundle(variant: str) -> None:
    """Predictors go to name servers, Redis and one placeholder of a network, and nowhere else."""
    manifests = rendered(variant)
    rules = policy(manifests, "predictor-to-store")["egress"]
    names = {5353} if manifests.overlay == "openshift" else {53}
    cluster = {6443} if manifests.overlay == "openshift" else set()
    assert ports(rules) == names | cluster | {6379, 443}
    blocks = [
        peer["ipBlock"]["cidr"]
        for rule in rules
        for peer in rule.get("to", ())
        if "ipBlock" in peer
    ]
    assert blocks == ["192.0.2.0/24"], "set aside for documents: leads nowhere until it is replaced"
    everywhere = [rule for rule in rules if not rule.get("to")]
    assert ports(everywhere) == cluster
    (redis,) = (rule for rule in rules if ports([rule]) == {6379})
    assert [matches(peer["podSelector"], REDIS) for peer in redis["to"]] == [True]


@each_variant
def test_redis_hears_predictors_only(variant: str) -> None:
    """Redis is reached by predictors alone, and reaches nobody."""
    spec = policy(rendered(variant), "predictor-to-redis")
    assert matches(spec["podSelector"], REDIS)
    assert not matches(spec["podSelector"], PREDICTOR)
    assert spec["egress"] == []
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = spec["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": PREDICTOR}}]
    assert ports([rule]) == {6379}


@each_variant
def test_selectors_choose_what_they_should(variant: str) -> None:
    """The disruption budget, the Services and the ServiceMonitor choose the pods they are for."""
    manifests = rendered(variant)
    budget = manifests.named("PodDisruptionBudget", "evacroute-predictor")["spec"]["selector"]
    metrics = manifests.named("Service", "evacroute-metrics")
    redis = manifests.named("Service", "evacroute-redis")["spec"]
    stateful = manifests.named("StatefulSet", "evacroute-redis")["spec"]
    for labels, pod in manifests.pods():
        is_predictor = labels["app.kubernetes.io/component"] == "predictor"
        assert matches(budget, labels) is is_predictor
        assert (metrics["spec"]["selector"].items() <= labels.items()) is is_predictor
        assert (redis["selector"].items() <= labels.items()) is not is_predictor
        assert matches(stateful["selector"], labels) is not is_predictor
        service = metrics["spec"] if is_predictor else redis
        listens = {port["containerPort"] for c in pod["containers"] for port in c["ports"]}
        assert {port["targetPort"] for port in service["ports"]} <= listens
    monitor = manifests.named("ServiceMonitor", "evacroute")["spec"]
    read = [
        s
        for s in manifests.kind("Service")
        if matches(monitor["selector"], s["metadata"]["labels"])
    ]
    assert [service["metadata"]["name"] for service in read] == ["evacroute-metrics"]
    (end,) = monitor["endpoints"]
    assert (end["port"], end["path"]) == (metrics["spec"]["ports"][0]["name"], "/metrics")


def among(value: str, patterns: list[str]) -> bool:
    """Istio's way of matching: as it stands, or all that begins so where it ends with `*`."""
    assert not any("*" in pattern[:-1] for pattern in patterns)
    return any(
        value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
        for pattern in patterns
    )


def denied(
    manifests: Rendered, method: str, path: str, who: str | None, groups: tuple[str, ...]
) -> bool:
    """Whether a policy of the gateway denies a request: each is of the kind that denies."""
    for each in manifests.kind("AuthorizationPolicy"):
        for rule in each["spec"]["rules"]:
            (to,) = (part["operation"] for part in rule["to"])
            hit = "paths" not in to or among(path, to["paths"])
            hit &= "notPaths" not in to or not among(path, to["notPaths"])
            hit &= "notMethods" not in to or method not in to["notMethods"]
            for source in rule.get("from", ()):
                assert source["source"]["notRequestPrincipals"] == ["*"]
                hit &= who is None
            for condition in rule.get("when", ()):
                assert condition["key"] == "request.auth.claims[groups]"
                hit &= not set(groups) & set(condition["notValues"])
            if hit:
                return True
    return False


PREDICT = ("POST", "/v1/models/evacroute:predict")
LET_IN = {  # by whom: nobody in particular, a phone with a token, an operator
    PREDICT: (False, True, True),
    ("POST", "/v2/models/evacroute/infer"): (False, True, True),
    ("POST", "/inference.GRPCInferenceService/ModelInfer"): (False, True, True),
    ("GET", "/v1/models/evacroute:predict"): (False, False, False),
    ("GET", "/v2/models/evacroute/ready"): (True, True, True),
    ("GET", "/healthz"): (True, True, True),
    ("GET", "/app"): (True, True, True),
    ("GET", "/app/worker.js"): (True, True, True),
    ("POST", "/app"): (False, False, False),
    ("GET", "/ops"): (False, False, True),
    ("POST", "/ops/close"): (False, False, True),
    ("GET", "/metrics"): (False, False, False),
    ("POST", "/v2/repository/models/evacroute/unload"): (False, False, False),
    ("POST", "/v2/repository/models/evacroute/load"): (False, False, False),
    ("POST", "/inference.GRPCInferenceService/RepositoryModelUnload"): (False, False, False),
    ("GET", "/docs"): (False, False, False),
    ("GET", "/openapi.json"): (False, False, False),
    ("GET", "/application"): (False, False, False),
    ("GET", "/"): (False, False, False),
}
CALLERS = ((None, ()), ("issuer/phone", ("citizens",)), ("issuer/op", ("evacroute-operators",)))


@pytest.mark.parametrize("variant", ["knative", "standard", "standard open_to_phones"])
def test_who_gets_through_the_gateway(variant: str) -> None:
    """Phones ask with a token and read what is public; the board is the operators'; no more."""
    manifests = rendered(variant)
    for (method, path), expected in LET_IN.items():
        if "open_to_phones" in variant and expected == (False, True, True):
            expected = (True, True, True)
        got = tuple(not denied(manifests, method, path, who, groups) for who, groups in CALLERS)
        assert got == expected, (method, path)


@pytest.mark.parametrize("variant", ["knative", "standard"])
def test_the_gateway_is_one(variant: str) -> None:
    """All policies name one gateway, in its namespace, and it alone may reach predictors."""
    manifests = rendered(variant)
    policies = [*manifests.kind("AuthorizationPolicy"), *manifests.kind("RequestAuthentication")]
    assert len(policies) == 5
    (rule, *_) = policy(manifests, "gateway-to-predictor")["ingress"]
    peer = rule["from"][0]
    where = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert {each["metadata"]["namespace"] for each in policies} == {where}
    for each in policies:
        if variant == "knative":
            assert each["spec"]["selector"] == peer["podSelector"]
        else:
            (target,) = each["spec"]["targetRefs"]
            label = "gateway.networking.k8s.io/gateway-name"
            assert peer["podSelector"] == {"matchLabels": {label: target["name"]}}


def test_the_route_hangs_on_the_gateway() -> None:
    """The route has the gateway's host, and the gateway takes routes of that namespace only."""
    manifests = rendered("standard")
    route, gateway = (
        manifests.named("HTTPRoute", "evacroute"),
        manifests.named("Gateway", "evacroute"),
    )
    (listener,) = gateway["spec"]["listeners"]
    assert route["spec"]["hostnames"] == [listener["hostname"]]
    (parent,) = route["spec"]["parentRefs"]
    assert parent == {key: gateway["metadata"][key] for key in ("name", "namespace")}
    (allowed,) = listener["allowedRoutes"]["namespaces"]["selector"]["matchLabels"].values()
    assert allowed == route["metadata"]["namespace"]
