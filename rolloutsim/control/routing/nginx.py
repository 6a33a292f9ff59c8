"""ingress-nginx: one canary Ingress for each stable Ingress, steered by annotations (rollout/trafficrouting/nginx/nginx.go)."""

from __future__ import annotations

from rolloutsim.control.context import Context
from rolloutsim.control.draft import PassFailed
from rolloutsim.control.operations import CreateRoute, UpdateRoute
from rolloutsim.control.routing.router import Plain
from rolloutsim.manifest.immutable import replace
from rolloutsim.manifest.objects import Ingress, Meta
from rolloutsim.manifest.traffic_routing import NginxRouting

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_PREFIX = "nginx.ingress.kubernetes.io"
LONGEST_NAME = 253


class Nginx(Plain):
    """The nginx router of one pass."""

    def __init__(self, ctx: Context, spec: NginxRouting, top: int | None) -> None:
        self._ctx, self._spec, self._top = ctx, spec, top

    def set_weight(self, weight: int) -> None:
        """Create or annotate the canary Ingress of each stable Ingress."""
        ctx = self._ctx
        for name in self._spec.ingresses:
            stable = ctx.ingresses.get(name)
            if stable is None:
                raise PassFailed(f"error retrieving stableIngress `{name}` from cache")
            wanted = self._canary_ingress(stable, weight)
            known = ctx.ingresses.get(wanted.meta.name)
            if known is None:
                ctx.emit("CreatingCanaryIngress", f"Creating canary ingress `{wanted.meta.name}` with weight `{weight}`")
                ctx.do(CreateRoute(wanted))
                ctx.ingresses[wanted.meta.name] = wanted
                continue
            if known.meta.owner != ctx.rollout.meta.name:
                raise PassFailed(f"canary ingress `{known.meta.name}` controlled by different object")
            annotations = {**known.meta.annotations, **wanted.meta.annotations}
            if annotations != known.meta.annotations or wanted.rules != known.rules:
                ctx.emit("PatchingCanaryIngress", f"Updating Ingress `{known.meta.name}` to desiredWeight '{weight}'")
                ctx.do(UpdateRoute(Ingress, known.meta.name, {"annotations": annotations, "rules": wanted.rules}))
                # The cache has the write before the pass looks again: a second call in one pass writes nothing (recording routed-superseded).
                ctx.ingresses[known.meta.name] = replace(known, meta=replace(known.meta, annotations=annotations), rules=wanted.rules)

    def _canary_ingress(self, stable: Ingress, weight: int) -> Ingress:
        """The canary's twin of a stable Ingress: the hosts that lead to the stable Service, with the canary Service in its place."""
        canary = self._ctx.rollout.spec.strategy.canary
        assert canary is not None
        hosts = {rule.host for rule in stable.rules if rule.service == canary.stable_service}
        if not hosts:
            raise PassFailed(f"ingress `{stable.meta.name}` has no rules using service {canary.stable_service} backend")
        rules = tuple(
            replace(rule, service=canary.canary_service) if rule.service == canary.stable_service else rule
            for rule in stable.rules
            if rule.host in hosts
        )
        owner = self._ctx.rollout.meta.name
        suffix = f"-{stable.meta.name}-canary"
        name = owner[: LONGEST_NAME - len(suffix)] + suffix
        annotations = self._annotations(stable, weight)
        return Ingress(Meta(name, stable.meta.namespace, annotations=annotations, owner=owner), stable.class_name, rules)

    def _annotations(self, stable: Ingress, weight: int) -> dict[str, str]:
        prefix = self._spec.annotation_prefix or DEFAULT_PREFIX
        found: dict[str, str] = {}
        if CLASS_ANNOTATION in stable.meta.annotations:
            found[CLASS_ANNOTATION] = stable.meta.annotations[CLASS_ANNOTATION]
        for key, value in self._spec.additional_ingress_annotations.items():
            found[key if key.startswith(prefix) else f"{prefix}/{key}"] = value
        found.update(self._spec.canary_ingress_annotations)
        found[f"{prefix}/canary"] = "true"
        found[f"{prefix}/canary-weight"] = str(weight)
        if self._top is not None:
            found[f"{prefix}/canary-weight-total"] = str(self._top)
        return found
