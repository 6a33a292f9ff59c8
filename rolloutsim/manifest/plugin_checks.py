"""What must fit between `spec.plugins` of a scenario and the step plugins of its canary."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.errors import InputError
from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.documents import shown
from rolloutsim.manifest.merge_patch import patched_spec
from rolloutsim.manifest.rollout import RolloutSpec
from rolloutsim.scenario import ScenarioSpec

Refuse = Callable[[str, str, str, str], None]
PROPOSED = "{phase: Successful, after: 30s}"
"""What is proposed for a plugin: nothing in a manifest tells more of it."""


def asked_plugins(spec: RolloutSpec) -> list[str]:
    """The names of the step plugins of a canary, each once."""
    steps = spec.strategy.canary.steps if spec.strategy.canary is not None else ()
    return list(dict.fromkeys(step.plugin.name for step in steps if step.plugin is not None))


def check_step_plugins(spec: ScenarioSpec, manifests: Manifests, refuse: Refuse) -> None:
    """Refuse step plugins of the manifest or of an edit that nothing is said of, and what is said of a plugin that no step names."""
    asked = asked_plugins(manifests.rollout.spec)
    for action in spec.timeline:
        if action.edit is not None and set(action.edit) == {"spec"}:
            try:
                asked += asked_plugins(patched_spec(manifests.rollout, action.edit))
            except InputError:
                continue  # told where the edit itself is checked
    known = list(dict.fromkeys(asked))
    for name in known:
        if name not in spec.plugins:
            rule = "what a step plugin does is in no manifest: the scenario says it by the plugin's name"
            refuse("spec.plugins", f"nothing for step plugin {shown(name)}", rule, f"For example {name}: {PROPOSED}")
    for name in spec.plugins:
        if name not in known:
            names = f" ({', '.join(map(shown, known))})" if known else ""
            refuse(f"spec.plugins.{name}", shown(name), f"no step of the canary names this plugin{names}", "Correct the name.")
