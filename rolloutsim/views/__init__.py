"""What the kubectl plugin prints, to the character."""

from rolloutsim.views.paint import age
from rolloutsim.views.rollout import form, get_rollout, list_rollouts, rollout_view, state_at, status_line
from rolloutsim.views.tree import pod_icon

__all__ = ["age", "form", "get_rollout", "list_rollouts", "pod_icon", "rollout_view", "state_at", "status_line"]
