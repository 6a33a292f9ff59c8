"""`rolloutsim split` as text, and its JSON form."""

from __future__ import annotations

from typing import Any

from rolloutsim.answers.split import Split

BY_LOAD = "counts requests of this run, which depend on each other; another load gives another share"
COVERS = {
    "requests": "counts requests, each a draw",
    "connections": "counts connections: all requests of one go to one pod",
    "bound": "a bound: a fixed cycle, no chance",
}


def split_form(found: Split) -> dict[str, Any]:
    """`rolloutsim split --json`."""
    form = found.to_dict()
    rounded = {key: round(value, 6) if isinstance(value, float) else value for key, value in form.items()}
    return rounded | {"dispersion": {key: None if value is None else round(value, 6) for key, value in form["dispersion"].items()}}


def split_screen(found: Split) -> str:
    """A sentence, the spread, and what to type for it again."""
    apart = found.share_percent - found.weight_percent
    within = found.low_percent - 1e-9 <= found.weight_percent <= found.high_percent + 1e-9
    asked = "as asked" if found.covers == "bound" else "as asked, within what chance allows"
    verdict = asked if within else f"{abs(apart):.1f} points {'above' if apart > 0 else 'below'} the weight"
    pods = f"{found.pods_canary} of {found.pods} pods {'is' if found.pods_canary == 1 else 'are'} the canary's"
    name = f'"{found.data_plane}"' if " " in found.data_plane else found.data_plane
    lines = [
        f"{found.data_plane} at weight {found.weight_percent:g} %, {_clients(found)}",
        "",
        f"The canary got {found.share_percent:.2f} % of {found.requests:,} requests: {verdict}.",
        f"  95 % interval  {found.low_percent:.2f} - {found.high_percent:.2f} % ({BY_LOAD if found.looks_at_load else COVERS[found.covers]})",
        f"  decided per    {found.decides_per}; {pods}; {found.workers} worker{'s' if found.workers != 1 else ''}",
        f"  dispersion     {_spread(found)} (1: a coin, 0: every window alike, more: clusters)",
        f"  lag 1          {'-' if found.lag1 is None else f'{found.lag1:.2f}'} (neighbouring requests: 0 independent, -1 alternating)",
        f"repeat:  rolloutsim split --data-plane {name} --weight {found.weight_percent:g} --clients {found.clients} "
        f"--requests {found.requests}{_latency(found)} --workers {found.workers} --seed {found.seed}",
    ]
    return "\n".join(lines) + "\n"


def _clients(found: Split) -> str:
    if found.clients == "new":
        return "a new connection for each request, 4 in flight"
    kept, _, per = found.clients.removeprefix("ka").partition("r")
    what = "1 connection" if kept == "1" else f"{kept} connections"
    return f"{what}, each renewed after {per} requests" if per else f"{what} kept for ever"


def _latency(found: Split) -> str:
    if found.latency_s == found.canary_latency_s == 0:
        return ""
    both = f" --latency {1000 * found.latency_s:g}ms"
    return both if found.canary_latency_s == found.latency_s else f"{both} --canary-latency {1000 * found.canary_latency_s:g}ms"


def _spread(found: Split) -> str:
    some = [f"{value:.2f} over {window}" for window, value in found.dispersion.items() if value is not None]
    return ", ".join(some) + " requests" if some else "-"
