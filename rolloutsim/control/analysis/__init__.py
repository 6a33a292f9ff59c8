"""AnalysisRuns: one look at a run, and what a Rollout does with its runs."""
