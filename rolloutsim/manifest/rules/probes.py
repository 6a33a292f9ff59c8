"""Kubernetes' rules on probes and lifecycle hooks of a container (kubernetes v1.34, pkg/apis/core/validation, validateProbe, validateHandler)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.manifest.field_errors import Violation, forbidden, invalid, not_negative, required, unsupported
from rolloutsim.manifest.names import header_name_errors, port_errors, port_name_errors

Tree = Mapping[str, Any]
GRACE_PERIOD_S = 30
_OF_PROBES, _OF_HOOKS = ("exec", "httpGet", "tcpSocket", "grpc"), ("exec", "httpGet", "tcpSocket", "sleep")
_NUMBERS = {"initialDelaySeconds": 0, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
"""The numbers of a probe in the order of their rules, with what Kubernetes puts in for 0."""


def probe_violations(container: Tree, field: str, grace_period_s: int) -> Iterator[Violation]:
    """Rules of the three probes."""
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        at = f"{field}.{name}"
        yield from _handler_violations(probe, _OF_PROBES, at, grace_period_s)
        given = {number: probe.get(number) or default for number, default in _NUMBERS.items()}
        for number, value in given.items():
            yield from not_negative(f"{at}.{number}", value)
        grace = probe.get("terminationGracePeriodSeconds")
        if grace is not None and grace <= 0:
            yield invalid(f"{at}.terminationGracePeriodSeconds", grace, "must be greater than 0")
        if name == "readinessProbe" and grace is not None:
            yield invalid(f"{at}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")
        if name != "readinessProbe" and given["successThreshold"] != 1:
            yield invalid(f"{at}.successThreshold", given["successThreshold"], "must be 1")


def lifecycle_violations(container: Tree, field: str, grace_period_s: int) -> Iterator[Violation]:
    """Rules of `lifecycle`."""
    for name in ("postStart", "preStop"):
        hook = (container.get("lifecycle") or {}).get(name)
        if hook is not None:
            yield from _handler_violations(hook, _OF_HOOKS, f"{field}.lifecycle.{name}", grace_period_s)


def _handler_violations(handler: Tree, kinds: Sequence[str], field: str, grace_period_s: int) -> Iterator[Violation]:
    given = [kind for kind in kinds if handler.get(kind) is not None]
    if not given:
        yield required(field, "must specify a handler type")
        return
    yield from _one_handler(given[0], handler[given[0]], f"{field}.{given[0]}", grace_period_s)
    yield from (forbidden(f"{field}.{kind}", "may not specify more than 1 handler type") for kind in given[1:])


def _one_handler(kind: str, action: Tree, field: str, grace_period_s: int) -> Iterator[Violation]:
    if kind == "exec":
        if not action.get("command"):
            yield required(f"{field}.command")
    elif kind == "sleep":
        seconds = action.get("seconds", 0)
        if not 0 < seconds <= grace_period_s:
            text = (
                f"must be greater than 0 and less than terminationGracePeriodSeconds ({grace_period_s}). "
                "Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
            )
            yield invalid(field, seconds, text)
    else:
        port = action.get("port", 0)
        texts = port_errors(port) if isinstance(port, int) else port_name_errors(port)
        yield from (invalid(f"{field}.port", port, text) for text in texts)
    if kind == "httpGet":
        scheme = action.get("scheme") or "HTTP"
        if scheme not in ("HTTP", "HTTPS"):
            yield unsupported(f"{field}.scheme", scheme, ["HTTP", "HTTPS"])
        for header in action.get("httpHeaders") or ():
            yield from (invalid(f"{field}.httpHeaders", header["name"], text) for text in header_name_errors(header["name"]))
