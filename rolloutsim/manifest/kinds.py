"""Each kind of manifest into its typed object, and the fields that rolloutsim does not simulate."""

from __future__ import annotations

import re
from typing import Any

from rolloutsim.errors import Problem
from rolloutsim.manifest.alb_annotations import ALB_PREFIX
from rolloutsim.manifest.analysis import RunSpec, TemplateSpec
from rolloutsim.manifest.decode import Decoder
from rolloutsim.manifest.documents import Document, shown
from rolloutsim.manifest.experiment import ExperimentSpec
from rolloutsim.manifest.instants import whole_instant
from rolloutsim.manifest.matches import check_step_route
from rolloutsim.manifest.objects import (
    AnalysisRun,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    Experiment,
    Ingress,
    IngressRule,
    Meta,
    PodTemplate,
    Rollout,
    RolloutSpec,
    Service,
)
from rolloutsim.manifest.plugins import check_plugins

MOST_REPLICAS = 20_000

NOT_SIMULATED: dict[str, str] = {
    "spec.strategy.canary.trafficRouting.appMesh": "the App Mesh router",
    "spec.sessionAffinity": "client affinity of a Service",
    "spec.externalTrafficPolicy": "node-local traffic",
    "spec.internalTrafficPolicy": "node-local traffic",
}
"""YAML paths ("[]": any index) that the API accepts and rolloutsim does not simulate yet; never ignored in silence."""

SERVICE_KEYS = frozenset({"selector", "ports", "type", "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "publishNotReadyAddresses"})
BALANCING_ANNOTATIONS = ("affinity", "load-balance", "upstream-hash-by", "canary", "service-upstream", "session-cookie")
STICKY_TARGETS = re.compile(r"stickiness\.enabled=true|load_balancing\.algorithm\.type=(?!round_robin)")
"""Attributes of AWS target groups that send requests another way."""
META_KEYS = frozenset({"name", "namespace", "labels", "annotations", "generateName", "creationTimestamp", "uid", "resourceVersion", "generation"})


def decode_rollout(document: Document, problems: list[Problem], prefix: str = "") -> Rollout | None:
    """A Rollout manifest; its status is not read."""
    decoder = Decoder(document, problems, {PodTemplate: pod_template})
    data, meta = mapping_and_meta(decoder, prefix, frozenset({"spec", "status"}))
    if meta is None:
        return None
    spec = data.get("spec")
    if isinstance(spec, dict):
        spec = _without_unsimulated(decoder, spec, f"{prefix}spec")
    typed = decoder.decode(RolloutSpec, spec, f"{prefix}spec")
    if typed is None:
        return None
    check_plugins(decoder, typed, f"{prefix}spec")
    if typed.restart_at is not None and whole_instant(typed.restart_at) is None:
        decoder.refuse(f"{prefix}spec.restartAt", shown(typed.restart_at), "an instant as in RFC 3339", "For example 2026-01-01T00:05:00Z.")
    for i, step in enumerate(typed.strategy.canary.steps if typed.strategy.canary is not None else ()):
        at = f"{prefix}spec.strategy.canary.steps[{i}]"
        check_step_route(decoder, step.set_header_route, f"{at}.setHeaderRoute")
        check_step_route(decoder, step.set_mirror_route, f"{at}.setMirrorRoute")
    if typed.replicas is not None and typed.replicas > MOST_REPLICAS:
        found, rule = f"{typed.replicas:,} replicas", f"at most {MOST_REPLICAS:,} pods are simulated"
        decoder.refuse(f"{prefix}spec.replicas", found, rule, "Give a smaller number.")
    return Rollout(meta, typed)


def decode_service(document: Document, problems: list[Problem], prefix: str = "") -> Service | None:
    """A Service manifest."""
    decoder = Decoder(document, problems)
    data, meta = mapping_and_meta(decoder, prefix, frozenset({"spec", "status"}))
    spec = data.get("spec") or {}
    if meta is None or not isinstance(spec, dict):
        return None
    spec = _without_unsimulated(decoder, spec, f"{prefix}spec")
    if spec.get("type") == "ExternalName":
        decoder.refuse(f"{prefix}spec.type", "ExternalName", "a Service that leads out of the cluster is not simulated", "Leave it out.")
    known = {key: value for key, value in spec.items() if key not in SERVICE_KEYS - {"selector", "ports"}}
    for key in sorted(set(known) - SERVICE_KEYS):
        decoder.refuse_unknown(f"{prefix}spec.{key}", key, sorted(SERVICE_KEYS))
    selector = known.get("selector") or {}
    if not isinstance(selector, dict):
        decoder.refuse_type(f"{prefix}spec.selector", selector, "a mapping")
        return None
    managed_by = meta.annotations.get("argo-rollouts.argoproj.io/managed-by-rollouts")
    ports = known.get("ports") or []
    if not isinstance(ports, list):
        decoder.refuse_type(f"{prefix}spec.ports", ports, "a list")
        return None
    return Service(meta, {key: str(value) for key, value in selector.items()}, tuple(p for p in ports if isinstance(p, dict)), managed_by)


def decode_ingress(document: Document, problems: list[Problem], prefix: str = "") -> Ingress | None:
    """An Ingress manifest: hosts, paths and the Services behind them."""
    decoder = Decoder(document, problems)
    data, meta = mapping_and_meta(decoder, prefix, frozenset({"spec", "status"}))
    spec = data.get("spec")
    if meta is None or not isinstance(spec, dict):
        decoder.refuse_type(f"{prefix}spec", spec, "a mapping")
        return None
    for key in meta.annotations:
        prefix_of_key, _, short = key.rpartition("/")
        aws = prefix_of_key == ALB_PREFIX
        if (short.startswith(BALANCING_ANNOTATIONS) and not aws) or (aws and STICKY_TARGETS.search(meta.annotations[key])):
            decoder.refuse(f"{prefix}metadata.annotations.{key}", key, "this way of balancing is not simulated yet", "Remove the annotation.")
    for key in sorted(set(spec) - {"rules", "ingressClassName", "tls", "defaultBackend"}):
        decoder.refuse_unknown(f"{prefix}spec.{key}", key, ["rules", "ingressClassName", "tls", "defaultBackend"])
    rules: list[IngressRule] = []
    for i, rule in enumerate(spec.get("rules") or ()):
        at = f"{prefix}spec.rules[{i}]"
        http = rule.get("http") if isinstance(rule, dict) else None
        if not isinstance(http, dict) or not isinstance(http.get("paths"), list):
            decoder.refuse(at, shown(rule), "a rule has http.paths", "Add the paths and their backends.")
            continue
        for k, path in enumerate(http["paths"]):
            service = ((path.get("backend") or {}).get("service") or {}) if isinstance(path, dict) else {}
            if not isinstance(service, dict) or not isinstance(service.get("name"), str):
                decoder.refuse(f"{at}.http.paths[{k}].backend", "no Service", "a path leads to backend.service.name", "Name the Service.")
                continue
            port = (service.get("port") or {}).get("number") or (service.get("port") or {}).get("name")
            rules.append(
                IngressRule(str(rule.get("host") or ""), str(path.get("path") or "/"), service["name"], port, str(path.get("pathType") or ""))
            )
    default = (((spec.get("defaultBackend") or {}).get("service")) or {}).get("name", "")
    return Ingress(meta, str(spec.get("ingressClassName") or ""), tuple(rules), str(default))


def decode_analysis_template(document: Document, problems: list[Problem], prefix: str = "") -> AnalysisTemplate | None:
    """An AnalysisTemplate."""
    return _template(AnalysisTemplate, document, problems, prefix)  # type: ignore[no-any-return]


def decode_cluster_analysis_template(document: Document, problems: list[Problem], prefix: str = "") -> ClusterAnalysisTemplate | None:
    """A ClusterAnalysisTemplate."""
    return _template(ClusterAnalysisTemplate, document, problems, prefix)  # type: ignore[no-any-return]


def _template(cls: Any, document: Document, problems: list[Problem], prefix: str) -> Any:
    decoder = Decoder(document, problems)
    data, meta = mapping_and_meta(decoder, prefix, frozenset({"spec"}))
    spec = decoder.decode(TemplateSpec, data.get("spec"), f"{prefix}spec") if meta is not None else None
    if spec is None or not all([_is_metric(decoder, metric, f"{prefix}spec.metrics[{i}]") for i, metric in enumerate(spec.metrics)]):
        return None
    return cls(meta, spec)


METRIC_TEXTS = ("interval", "initialDelay", "successCondition", "failureCondition")
METRIC_NUMBERS = ("count", "failureLimit", "inconclusiveLimit", "consecutiveErrorLimit", "consecutiveSuccessLimit")


def _is_metric(decoder: Decoder, metric: Any, path: str) -> bool:
    """Whether a metric has the types that the API asks for: a name and a provider, texts, and whole numbers that may be texts."""
    before = len(decoder.problems)
    if not isinstance(metric, dict):
        decoder.refuse_type(path, metric, "a mapping")
        return False
    if not isinstance(metric.get("name"), str) or not metric["name"]:
        decoder.refuse_type(f"{path}.name", metric.get("name"), "text")
    provider = metric.get("provider")
    if not isinstance(provider, dict):
        decoder.refuse_type(f"{path}.provider", provider, "a mapping")
    for name, value in (provider or {}).items() if isinstance(provider, dict) else ():
        if not isinstance(value, dict):
            decoder.refuse_type(f"{path}.provider.{name}", value, "a mapping")
    for name in METRIC_TEXTS:
        if metric.get(name) is not None and not isinstance(metric[name], str):
            decoder.refuse_type(f"{path}.{name}", metric[name], "text")
    for name in METRIC_NUMBERS:
        value = metric.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | str)):
            decoder.refuse_type(f"{path}.{name}", value, "a whole number, also as text")
        elif isinstance(value, int) and not -(2**31) <= value < 2**31:
            decoder.refuse(f"{path}.{name}", str(value), "whole numbers have 32 bits", "Give a smaller number.")
    for name in sorted(set(metric) - {"name", "provider", *METRIC_TEXTS, *METRIC_NUMBERS}):
        decoder.refuse_unknown(f"{path}.{name}", str(name), ["name", "provider", *METRIC_TEXTS, *METRIC_NUMBERS])
    return len(decoder.problems) == before


def decode_experiment(document: Document, problems: list[Problem], prefix: str = "") -> Experiment | None:
    """A standalone Experiment; its status is not read."""
    decoder = Decoder(document, problems, {PodTemplate: pod_template})
    data, meta = mapping_and_meta(decoder, prefix, frozenset({"spec", "status"}))
    spec = decoder.decode(ExperimentSpec, data.get("spec"), f"{prefix}spec") if meta is not None else None
    return Experiment(meta, spec) if meta is not None and spec is not None else None


def decode_analysis_run(document: Document, problems: list[Problem], prefix: str = "") -> AnalysisRun | None:
    """A standalone AnalysisRun; its status is not read."""
    decoder = Decoder(document, problems)
    data, meta = mapping_and_meta(decoder, prefix, frozenset({"spec", "status"}))
    spec = decoder.decode(RunSpec, data.get("spec"), f"{prefix}spec") if meta is not None else None
    if meta is None or spec is None or not all([_is_metric(decoder, m, f"{prefix}spec.metrics[{i}]") for i, m in enumerate(spec.metrics)]):
        return None
    for name, seconds in (spec.ttl_strategy or {}).items():
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            decoder.refuse_type(f"{prefix}spec.ttlStrategy.{name}", seconds, "a whole number")
    return AnalysisRun(meta, spec)


def mapping_and_meta(decoder: Decoder, prefix: str, known: frozenset[str]) -> tuple[dict[str, Any], Meta | None]:
    """The mapping of an object and its metadata; unknown top-level keys are problems."""
    data: Any = decoder.document.data
    for part in prefix.rstrip(".").split(".") if prefix else ():
        key, _, index = part.partition("[")
        data = data[key][int(index[:-1])] if index else data[key]
    for unknown in sorted(set(data) - {"apiVersion", "kind", "metadata"} - known):
        decoder.refuse_unknown(f"{prefix}{unknown}", unknown, ["apiVersion", "kind", "metadata", *known])
    raw = data.get("metadata")
    if not isinstance(raw, dict):
        decoder.refuse_type(f"{prefix}metadata", raw, "a mapping with a name")
        return data, None
    found: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in META_KEYS and key not in ("ownerReferences", "managedFields", "finalizers", "selfLink"):
            decoder.refuse_unknown(f"{prefix}metadata.{key}", key, sorted(META_KEYS))
        elif key in ("labels", "annotations") and value is not None:
            decoded = decoder.text_mapping(value, f"{prefix}metadata.{key}")
            found[key] = decoded if isinstance(decoded, dict) else {}
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        decoder.refuse_type(f"{prefix}metadata.name", name, "text")
        return data, None
    return data, Meta(name, str(raw.get("namespace") or "default"), labels=found.get("labels", {}), annotations=found.get("annotations", {}))


def pod_template(decoder: Decoder, value: Any, path: str) -> Any:
    """A PodTemplate from its mapping, an empty one with problems."""
    if not isinstance(value, dict):
        decoder.refuse_type(path, value, "a mapping")
        return PodTemplate()
    for unknown in sorted(set(value) - {"metadata", "spec"}):
        decoder.refuse_unknown(f"{path}.{unknown}", unknown, ["metadata", "spec"])
    metadata, spec = value.get("metadata") or {}, value.get("spec") or {}
    for part, name in ((metadata, "metadata"), (spec, "spec")):
        if not isinstance(part, dict):
            decoder.refuse_type(f"{path}.{name}", part, "a mapping")
            return PodTemplate()
    labels = decoder.text_mapping(metadata.get("labels") or {}, f"{path}.metadata.labels")
    annotations = decoder.text_mapping(metadata.get("annotations") or {}, f"{path}.metadata.annotations")
    containers = spec.get("containers")
    if not isinstance(containers, list) or not containers:
        decoder.refuse(f"{path}.spec.containers", "no container", "a pod has at least one container", "Add spec.containers with a name and an image.")
        return PodTemplate()
    for i, container in enumerate(containers):
        for wanted in ("name", "image"):
            text = container.get(wanted) if isinstance(container, dict) else None
            if not isinstance(text, str) or not text:
                decoder.refuse(f"{path}.spec.containers[{i}].{wanted}", shown(text), f"a container has a {wanted}", f"Give the {wanted} as text.")
                return PodTemplate()
    ok = isinstance(labels, dict) and isinstance(annotations, dict)
    return PodTemplate(labels, annotations, spec) if ok else PodTemplate()


def _without_unsimulated(decoder: Decoder, data: dict[str, Any], path: str) -> dict[str, Any]:
    """The tree without the fields that are not simulated, each of which becomes a problem."""
    base = path[: len(path) - len("spec")]

    def walk(value: Any, at: str) -> Any:
        if isinstance(value, dict):
            kept = {}
            for key, item in value.items():
                below = f"{at}.{key}"
                why = NOT_SIMULATED.get(_pattern(below[len(base) :]))
                if why is not None and item is not None:
                    decoder.refuse(below, key, f"{why}: not simulated yet, and never ignored", "Remove it, or simulate without it by --set.")
                else:
                    kept[key] = item if below.endswith(".template") else walk(item, below)
            return kept
        if isinstance(value, list):
            return [walk(item, f"{at}[{i}]") for i, item in enumerate(value)]
        return value

    return walk(data, path)  # type: ignore[no-any-return]


def _pattern(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)
