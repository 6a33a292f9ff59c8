"""Time series of the simulated requests: counters sampled at scrape instants, and what Prometheus would compute from them."""
