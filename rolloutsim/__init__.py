"""rolloutsim: a discrete-event simulator of progressive delivery with Argo Rollouts."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rolloutsim import plots as plot
    from rolloutsim.answers.capacity import capacity
    from rolloutsim.answers.duration import duration
    from rolloutsim.answers.harm import harm
    from rolloutsim.answers.share import share
    from rolloutsim.conditions import evaluate_conditions
    from rolloutsim.errors import InputError, RolloutsimError
    from rolloutsim.library import load, replicate
    from rolloutsim.planning import plan
    from rolloutsim.record import Record
    from rolloutsim.scenario import Scenario
    from rolloutsim.simulation import simulate
    from rolloutsim.splitting import split
    from rolloutsim.world.world import World

__version__ = "0.1.0"

_HOMES = {
    "InputError": "rolloutsim.errors",
    "Record": "rolloutsim.record",
    "RolloutsimError": "rolloutsim.errors",
    "Scenario": "rolloutsim.scenario",
    "World": "rolloutsim.world.world",
    "capacity": "rolloutsim.answers.capacity",
    "duration": "rolloutsim.answers.duration",
    "evaluate_conditions": "rolloutsim.conditions",
    "harm": "rolloutsim.answers.harm",
    "load": "rolloutsim.library",
    "plan": "rolloutsim.planning",
    "plot": "rolloutsim.plots",
    "replicate": "rolloutsim.library",
    "share": "rolloutsim.answers.share",
    "simulate": "rolloutsim.simulation",
    "split": "rolloutsim.splitting",
}
__all__ = [
    "InputError",
    "Record",
    "RolloutsimError",
    "Scenario",
    "World",
    "capacity",
    "duration",
    "evaluate_conditions",
    "harm",
    "load",
    "plan",
    "plot",
    "replicate",
    "share",
    "simulate",
    "split",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rolloutsim' has no attribute {name!r}")
    module = importlib.import_module(_HOMES[name])
    value = module if name == "plot" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
