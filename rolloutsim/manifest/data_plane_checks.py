"""A stream's data plane must be one that is known, by its name or by the class of the Ingress that leads to it."""

from __future__ import annotations

from collections.abc import Callable

from rolloutsim.manifest.bundle import Manifests
from rolloutsim.manifest.data_plane import CLASSES, UnknownClass, choose
from rolloutsim.manifest.data_plane_names import DATA_PLANES, near
from rolloutsim.manifest.documents import shown
from rolloutsim.scenario import Stream

Refuse = Callable[[str, str, str, str], None]


def check_data_plane(stream: Stream, path: str, manifests: Manifests, refuse: Refuse) -> None:
    """Add a problem for a name that is not known, or where nothing names one."""
    name = stream.data_plane
    if name is not None and name not in DATA_PLANES:
        rule = f"there is no such data plane; near it are {', '.join(near(name))}"
        refuse(f"{path}.dataPlane", shown(name), rule, "Name one of them.")
        return
    try:
        choice = choose(stream, manifests.rollout, manifests.ingresses, manifests.routes)
        if choice.plane not in DATA_PLANES:
            refuse(f"{path}.to", choice.reason, f"{choice.plane} is not simulated yet", "Name another one: dataPlane: random.")
    except UnknownClass as unknown:
        known = ", ".join(known.word for known in CLASSES)
        refuse(
            f"{path}.to", shown(str(unknown)), f"known are classes with one of the words {known}", "Name the data plane: dataPlane: SOFTWARE/MODE."
        )
    except LookupError:
        pass  # there is no such host, which has been said
