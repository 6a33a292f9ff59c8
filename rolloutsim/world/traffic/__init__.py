"""Requests: when they arrive, which pod a data plane gives them, and how they end; blocks of NumPy between routing changes."""
