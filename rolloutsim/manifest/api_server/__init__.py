"""The API server's gate: what `kubectl apply` would say to an object."""

from rolloutsim.manifest.api_server.gate import CREATED, Answer, apply, as_read

__all__ = ["CREATED", "Answer", "apply", "as_read"]
