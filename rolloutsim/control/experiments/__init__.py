"""Experiments: one look at one, and what a Rollout does with its own."""
