"""The step plugins that the controller runs, as a scenario's `plugins` describes them."""

from __future__ import annotations

from rolloutsim.control.plugin_process import StepPlugin
from rolloutsim.scenario import PluginSource


def step_plugin(given: PluginSource) -> StepPlugin:
    """The plugin that answers as a line of `plugins` says."""
    return StepPlugin(given.phase, given.after, given.message, given.errors, given.requeue_after, given.disabled)
