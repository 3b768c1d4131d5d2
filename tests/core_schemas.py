"""Closed schemas, by hand, of what the manifests hold beside KServe's own kinds.

No more than what stands there is allowed: who writes a new field adds it here, having looked it up.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string", "minLength": 1}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
LABELS: Schema = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}}
NOTES: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def some(of: Schema) -> Schema:
    return {"type": "array", "items": of, "minItems": 1}


def many(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def thing(*required: str, **properties: Schema) -> Schema:
    """Give an object of these properties; those named first must be there."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def document(*required: str, **parts: Schema) -> Schema:
    """Give a document: what every one has, and these parts."""
    head = {"apiVersion": TEXT, "kind": TEXT, "metadata": METADATA}
    return thing("apiVersion", "kind", "metadata", *required, **head, **parts)


METADATA = thing("name", name=TEXT, namespace=TEXT, labels=LABELS, annotations=NOTES)
SELECTOR = thing(matchLabels=LABELS)
PEER = thing(
    namespaceSelector=SELECTOR, podSelector=SELECTOR, ipBlock=thing("cidr", cidr=TEXT)
)  # fmt: skip
PORTS = some(thing("port", "protocol", port=PORT, protocol=one_of("TCP", "UDP")))
SERVICE_PORTS = some(thing("name", "port", "targetPort", name=TEXT, port=PORT, targetPort=PORT))
CLAIM = thing(
    "accessModes", "resources",
    accessModes=some(TEXT), resources=thing("requests", requests=NOTES),
)  # fmt: skip
ISTIO_TARGETS: Schema = {
    "selector": SELECTOR,
    "targetRefs": some(thing("group", "kind", "name", group=TEXT, kind=TEXT, name=TEXT)),
}
OPERATION = thing(paths=some(TEXT), notPaths=some(TEXT), notMethods=some(TEXT))
CALLER = thing("notRequestPrincipals", notRequestPrincipals=some(TEXT))
LISTENER = thing(
    "name", "hostname", "port", "protocol", "tls", "allowedRoutes",
    name=TEXT, hostname=TEXT, port=PORT, protocol=one_of("HTTPS"),
    tls=thing("mode", "certificateRefs", mode=TEXT, certificateRefs=some(thing("name", name=TEXT))),
    allowedRoutes=thing(
        "namespaces", namespaces=thing("from", "selector", **{"from": TEXT}, selector=SELECTOR)
    ),
)  # fmt: skip

SCHEMAS: dict[tuple[str, str], Schema] = {
    ("v1", "Namespace"): document(),
    ("v1", "ServiceAccount"): document(automountServiceAccountToken=FLAG),
    ("v1", "ConfigMap"): document("data", data=NOTES),
    ("v1", "Secret"): document("data", data=NOTES, type=one_of("Opaque")),
    ("v1", "Service"): document(
        "spec",
        spec=thing(
            "selector", "ports",
            selector=LABELS, ports=SERVICE_PORTS, clusterIP=TEXT, publishNotReadyAddresses=FLAG,
        ),
    ),
    ("apps/v1", "StatefulSet"): document(
        "spec",
        spec=thing(
            "serviceName", "selector", "template",
            serviceName=TEXT, replicas=NUMBER, selector=SELECTOR,
            # The spec of a pod is held against KServe's own schema of one.
            template=thing("metadata", "spec", metadata=thing("labels", labels=LABELS), spec={}),
            volumeClaimTemplates=some(thing("metadata", "spec", metadata=METADATA, spec=CLAIM)),
        ),
    ),
    ("policy/v1", "PodDisruptionBudget"): document(
        "spec", spec=thing("selector", maxUnavailable=NUMBER, selector=SELECTOR)
    ),
    ("networking.k8s.io/v1", "NetworkPolicy"): document(
        "spec",
        spec=thing(
            "podSelector", "policyTypes",
            podSelector=SELECTOR, policyTypes=some(one_of("Ingress", "Egress")),
            ingress=many(thing("from", "ports", **{"from": some(PEER)}, ports=PORTS)),
            egress=many(thing("ports", to=some(PEER), ports=PORTS)),
        ),
    ),
    ("rbac.authorization.k8s.io/v1", "Role"): document(
        "rules",
        rules=some(
            thing(
                "apiGroups", "resources", "resourceNames", "verbs",
                apiGroups=some(TEXT), resources=some(TEXT), resourceNames=some(TEXT),
                verbs=some(TEXT),
            )
        ),
    ),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): document(
        "roleRef", "subjects",
        roleRef=thing("apiGroup", "kind", "name", apiGroup=TEXT, kind=TEXT, name=TEXT),
        subjects=some(thing("kind", "name", kind=TEXT, name=TEXT, apiGroup=TEXT)),
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): document(
        "spec",
        spec=thing(
            "selector", "endpoints",
            selector=SELECTOR,
            endpoints=some(
                thing("port", "path", port=TEXT, path=TEXT, interval=TEXT, scrapeTimeout=TEXT)
            ),
        ),
    ),
    ("gateway.networking.k8s.io/v1", "Gateway"): document(
        "spec",
        spec=thing(
            "gatewayClassName", "listeners", gatewayClassName=TEXT, listeners=some(LISTENER)
        ),
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): document(
        "spec",
        spec=thing(
            "parentRefs", "hostnames", "rules",
            parentRefs=some(thing("name", "namespace", name=TEXT, namespace=TEXT)),
            hostnames=some(TEXT),
            rules=some(
                thing(
                    "backendRefs",
                    backendRefs=some(
                        thing("name", "port", "weight", name=TEXT, port=PORT, weight=NUMBER)
                    ),
                    timeouts=thing(request=TEXT),
                )
            ),
        ),
    ),
    ("security.istio.io/v1", "RequestAuthentication"): document(
        "spec",
        spec=thing(
            "jwtRules",
            jwtRules=some(
                thing(
                    "issuer", "jwksUri", "audiences",
                    issuer=TEXT, jwksUri=TEXT, audiences=some(TEXT),
                )
            ),
            **ISTIO_TARGETS,
        ),
    ),
    ("security.istio.io/v1", "AuthorizationPolicy"): document(
        "spec",
        spec=thing(
            "action", "rules",
            action=one_of("DENY"),
            rules=some(
                thing(
                    "to",
                    to=some(thing("operation", operation=OPERATION)),
                    when=some(thing("key", "notValues", key=TEXT, notValues=some(TEXT))),
                    **{"from": some(thing("source", source=CALLER))},
                )
            ),
            **ISTIO_TARGETS,
        ),
    ),
}  # fmt: skip
