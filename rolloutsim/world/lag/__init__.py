"""Between a write and the first request that follows it: control planes and proxies, each at its pace."""
