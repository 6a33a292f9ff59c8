"""What the ordered loop works on: columns by request, stream, pod, client and connection.

A column is a NumPy array between two runs of the loop; within one it is whatever is quickest to index there (`columns.py`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

Column = Any
"""Indexable by int; named once, as the loop takes lists and arrays alike."""


class Rows(NamedTuple):
    """Requests in hand, in the order in which they were sent; a row is kept until its request has ended and has left its pod."""

    stream: Column
    client: Column
    """Of a closed loop; -1 in an open one."""
    t_s: Column
    pod: Column
    """Which pod was asked last; -1: none was known."""
    connection: Column
    outcome: Column
    """`events.UNDECIDED` until the request has ended."""
    start_s: Column
    """When the pod took it up."""
    end_s: Column
    due_s: Column
    """When the pod has served it."""
    service_s: Column
    fails: Column
    error: Column
    """The uniform draw that decides whether the answer is an error."""
    think_s: Column
    tries: Column
    """How often it may still be sent again."""
    inside: Column
    """Whether it is in a pod, waiting or served."""
    next: Column
    """Who waits behind it in its pod, as a number; -1: nobody."""
    normal: Column
    uniform: Column
    """The two draws behind its service time."""
    work: Column
    """Service times, one column for each law of the pods."""


class Feed(NamedTuple):
    """What is to come, each stream's part behind the other's: draws by request, then from `pick` on draws and picks by decision."""

    t_s: Column
    error: Column
    think_s: Column
    normal: Column
    uniform: Column
    work: Column
    pick: Column
    pod: Column
    connection: Column
    refused: Column
    life_s: Column
    """How long a connection that is opened by this decision lives."""
    served: Column
    """How many requests it carries."""


class Streams(NamedTuple):
    """By stream: where it stands in the feed, and its rules."""

    cursor: Column
    stop: Column
    decision: Column
    last_decision: Column
    closed: Column
    timeout_s: Column
    retries: Column
    retry_after_s: Column
    refused: Column
    """What the client sees of a refused try, and of a broken one."""
    broken: Column
    refused_after_s: Column
    aware: Column
    """Its data plane looks at the requests in flight."""
    kept: Column
    """Its data plane decides once a connection: index of the first connection, -1 if once a request."""
    connections: Column
    sent: Column
    """How many requests an open loop has sent, which go over its connections in turn."""
    first_endpoint: Column
    last_endpoint: Column


class Pods(NamedTuple):
    """By pod ordinal."""

    law: Column
    error_rate: Column
    concurrency: Column
    queue: Column
    ended: Column
    busy: Column
    waiting: Column
    head: Column
    """The number of the request that waits longest; -1: nobody waits."""
    tail: Column


class Clients(NamedTuple):
    """Clients of closed loops: their stream and the connection that they share."""

    stream: Column
    connection: Column


class Connections(NamedTuple):
    """Kept connections: where each is open (pod -1: it is not), what is left of it, and how often it was opened."""

    pod: Column
    left: Column
    until_s: Column
    opening: Column
    first_left: Column
    """What was left of it at t = 0, so that connections are not all renewed at once."""
    first_until_s: Column


class State(NamedTuple):
    """All of it, with the ready pods that each stream's data plane knows and its requests in flight by pod ordinal."""

    rows: Rows
    feed: Feed
    streams: Streams
    pods: Pods
    clients: Clients
    connections: Connections
    endpoints: Column
    in_flight: Column
    pools: Any
    """Connections that are shared, by stream (`ConnectionPool`); None: they are used in turn, or each client has its own."""
    proxies: Any
    """What becomes of failed tries, by stream (`failover.Proxy`); None: there is one try."""
