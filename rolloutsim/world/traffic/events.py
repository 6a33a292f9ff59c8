"""What can be due in the ordered loop, as codes in a heap."""

from __future__ import annotations

NOBODY = -1
UNDECIDED = 255
SERVED, GIVE_UP, SEND, AGAIN, REFUSAL, BREAK = range(6)
"""Kinds of events: a pod has served a request, a client gives up, a closed loop's client sends, a request is sent again, a pod refuses, a pod is gone."""
KINDS = 8
"""Room for kinds in an event's code."""

REST_S = 0.001
"""A closed loop whose request takes no time (nobody was there) goes on after so long, or it would never end."""

Events = list[tuple[float, int]]
"""A heap of (time, KINDS * number + kind)."""
