"""What a splitter makes of a weight: the share, how it is spread over the requests, and what its interval is about."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.answers.intervals import Covers, cycle_strays, wilson

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

WINDOWS = (20, 100, 1000)
FEWEST = 8
"""A dispersion needs so many windows."""
Decides = Literal["request", "connection"]


@dataclass(frozen=True, slots=True)
class Split:
    """The canary's part of a trial's requests, in percent with its 95 % interval.

    `covers`: what the interval is about (requests, connections, or a bound of a deterministic cycle). `dispersion`: variance of the share over
    windows of so many requests in a row, against independent draws (1: a coin; 0: every window alike; None: too few windows, or no spread).
    `lag1`: autocorrelation of neighbouring requests. `canary` is the row of requests itself, 1 for the canary, in the order they were sent.
    """

    data_plane: str
    weight_percent: float
    clients: str
    requests: int
    connections: int
    decides_per: Decides
    share_percent: float
    low_percent: float
    high_percent: float
    covers: Covers
    dispersion: dict[int, float | None]
    lag1: float | None
    pods: int
    pods_canary: int
    workers: int
    looks_at_load: bool
    """Whether requests in flight decide, too: then another machine, latency or number of clients gives another share."""
    latency_s: float
    canary_latency_s: float
    seed: int
    canary: npt.NDArray[np.int8] = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """All but the row of requests, as plain data."""
        found = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "canary"}
        return found | {"dispersion": {str(k): value for k, value in self.dispersion.items()}}

    def frame(self) -> pd.DataFrame:
        """One row."""
        import pandas as pd

        found = self.to_dict()
        return pd.DataFrame([found | {f"dispersion_{k}": value for k, value in found.pop("dispersion").items()}])

    def __str__(self) -> str:
        measured = f"{self.share_percent:.2f} % ({self.low_percent:.2f} to {self.high_percent:.2f})"
        return f"{self.data_plane} at weight {self.weight_percent:g}, {self.clients}: {measured} of {self.requests:,} requests"

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False))


def bounds(canary: Any, connection: Any, covers: Covers, *, off: float, alike: bool) -> tuple[float, float]:
    """The 95 % interval of the share of a row of 0 and 1 (NumPy arrays), as fractions.

    requests: each is a draw if they are `alike`; where neighbours depend on each other, the spread of the longest windows says how many draws
    they are worth. connections: Kish's effective number of connections. bound: off by at most `off` requests.
    """
    n = len(canary)
    share = float(canary.mean())
    if covers == "bound":
        return max(0.0, share - off / n), min(1.0, share + off / n)
    if covers == "connections":
        import numpy as np

        carried = np.bincount(connection)
        return wilson(share, n * n / float((carried * carried).sum()))
    if alike:
        return wilson(share, n)
    spread = next((d for k in reversed(WINDOWS) if (d := dispersion(canary, k)) is not None), 1.0)
    return wilson(share, n / max(spread, FEWEST / n))


def dispersion(canary: Any, window: int) -> float | None:
    """Variance of the share over disjoint windows, divided by that of independent draws; None with fewer than 8 windows or no spread at all."""
    n, share = len(canary) // window, float(canary.mean())
    if n < FEWEST or share in (0.0, 1.0):
        return None
    shares = canary[: n * window].reshape(n, window).mean(axis=1)
    return float(shares.var(ddof=1) / (share * (1 - share) / window))


def lag1(canary: Any) -> float | None:
    """Autocorrelation of neighbours; None without any spread."""
    apart = canary - canary.mean()
    whole = float((apart * apart).sum())
    return float((apart[:-1] * apart[1:]).sum() / whole) if whole > 0 and len(canary) > 1 else None


def strays(cycle: Any) -> float:
    """By how many requests a stretch of one worker's cycle (a row of 0 and 1) may be off, rounded up as requests are whole."""
    return math.ceil(cycle_strays([bool(hit) for hit in cycle]) - 1e-9)
