"""Annotations by which an Ingress tells the AWS load balancer controller what to do (kubernetes-sigs/aws-load-balancer-controller)."""

from __future__ import annotations

ALB_PREFIX = "alb.ingress.kubernetes.io"
MANAGED = "rollouts.argoproj.io/managed-alb-annotations"
"""The annotations that Rollouts manage, by Rollout."""
USE_ANNOTATION = "use-annotation"
"""The port of a path whose Service is the name of an action."""
