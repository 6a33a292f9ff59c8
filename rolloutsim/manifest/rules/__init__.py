"""The controller's own rules for a Rollout, in its order and words (pkg/apis/rollouts/validation; spec/validation.md 3 to 5).

They look at objects as the API server stored them: plain trees whose types its schema vouches for. The controller reports the first violation; here
all of them are found. `spec` has the rules on the Rollout alone, `references` those on what it refers to, which are only looked at when the first
are kept.
"""

from rolloutsim.manifest.rules.cluster import Cluster
from rolloutsim.manifest.rules.references import reference_violations
from rolloutsim.manifest.rules.spec import spec_violations

__all__ = ["Cluster", "reference_violations", "spec_violations"]
