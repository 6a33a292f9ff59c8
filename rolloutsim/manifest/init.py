"""A commented scenario for given manifests: `rolloutsim init`."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.metric_checks import asked_metrics
from rolloutsim.manifest.plugin_checks import PROPOSED, asked_plugins
from rolloutsim.manifest.proposed_source import proposed_source
from rolloutsim.manifest.router_hosts import hosts_of
from rolloutsim.manifest.scenario_file import API_VERSION


def propose_scenario(manifests: Manifests, paths: Sequence[str]) -> str:
    """The text of a scenario.yaml that plays an update of the Rollout as it stands; `paths` are its spec.manifests."""
    rollout = manifests.rollout
    template = manifests.template
    container = str(template.spec["containers"][0]["name"])
    image = template.images[0]
    name, _, tag = image.rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "latest")
    new_image = f"{name}:{tag}-next"
    streams = _streams(manifests)
    waits = _waits_for_human(manifests)
    lines = [
        "# Played by: rolloutsim run FOLDER    Checked in CI by: rolloutsim check FOLDER    Keys: rolloutsim schema",
        f"apiVersion: {API_VERSION}",
        "kind: Scenario",
        f"metadata: {{name: {rollout.meta.name}}}",
        "spec:",
        f"  manifests: [{', '.join(paths)}]",
        "  start: {state: healthy}      # the Rollout stands healthy at its manifest's image; or: empty",
        "  until: {phase: Healthy, limit: 1h}",
        "  seed: 1",
        "  cluster:",
        "    pods: {start: {lognormal: {median: 4s, p95: 9s}}, stop: 1s}   # how long your pods take to become ready, and to go",
        "  traffic:",
        *streams,
        "  versions:                    # by image tag",
        f"    {tag}: {{errorRate: 0.1%, latency: {{p50: 20ms, p99: 120ms}}}}",
        f"    {tag}-next: {{errorRate: 0.1%, latency: {{p50: 20ms, p99: 120ms}}}}",
        "  timeline:",
        f'    - {{at: 30s, setImage: {{{container}: "{new_image}"}}}}   # put your next image here',
        *(["    - {when: {phase: Paused}, after: 60s, promote: {}}"] * waits),
        *_metrics(manifests),
        *_plugins(manifests),
        "  expect:",
        "    - phase: {is: Healthy}",
        "",
    ]
    return "\n".join(lines)


def _streams(manifests: Manifests) -> list[str]:
    """One stream for each host of a router's object or of an Ingress whose Service is known, else one to the first Service."""
    services = {service.meta.name for service in manifests.services}
    hosts = [host for route in manifests.routes for host in hosts_of(route) if "*" not in host]
    rules = [rule for ingress in manifests.ingresses for rule in ingress.rules if rule.service in services and rule.host]
    paths = [f"{rule.host}{rule.path.rstrip('/*')}" for rule in rules if rule.host not in hosts]
    targets = dict.fromkeys(f"ingress/{target}" for target in [*hosts, *paths])
    if not targets and manifests.services:
        targets = {f"service/{manifests.services[0].meta.name}": None}
    return [f"    - {{name: users{i or ''}, to: {target}, rate: 100/s}}" for i, target in enumerate(targets)] or ["    []"]


def _metrics(manifests: Manifests) -> list[str]:
    """A line for each metric of the AnalysisTemplates."""
    lines = {name: f"    {name}: {proposed_source(metric)}" for _, name, metric in asked_metrics(manifests)}
    return ["  metrics:                     # what stands for the queries of the AnalysisTemplates", *lines.values()] if lines else []


def _plugins(manifests: Manifests) -> list[str]:
    """A line for each step plugin."""
    lines = [f"    {name}: {PROPOSED}" for name in asked_plugins(manifests.rollout.spec)]
    return ["  plugins:                     # what the step plugins of the canary do", *lines] if lines else []


def _waits_for_human(manifests: Manifests) -> int:
    """How often the rollout waits until somebody promotes it."""
    strategy = manifests.rollout.spec.strategy
    if strategy.blue_green is not None:
        return int(strategy.blue_green.auto_promotion_enabled is False)
    steps = strategy.canary.steps if strategy.canary is not None else ()
    return sum(step.pause is not None and step.pause.duration is None for step in steps)
