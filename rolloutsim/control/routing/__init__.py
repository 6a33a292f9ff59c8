"""Traffic routers: which weight is wanted, and what is written to which routing object."""
