"""Rules of Traefik's routers, such as "Host(`a`) && PathPrefix(`/x`)": read into alternatives of conditions that must all hold (pkg/rules)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

ALIASES = {"Headers": "Header", "HeadersRegexp": "HeaderRegexp", "HostHeader": "Host"}
"""Names of matchers before Traefik 3."""
MATCHERS = {"Host": (1, 99), "Path": (1, 99), "PathPrefix": (1, 99), "Method": (1, 99), "Header": (2, 2), "HeaderRegexp": (2, 2)}
"""Matchers that are told apart, with their least and most arguments."""
_TOKEN = re.compile(r"\s*(&&|\|\||[()!,]|`[^`]*`|\"[^\"]*\"|[A-Za-z]+)")


class BadRule(ValueError):
    """A rule that cannot be read, or that asks for something that is not simulated."""


class Condition(NamedTuple):
    """A matcher with its arguments; `wanted` is False behind a `!`."""

    matcher: str
    arguments: tuple[str, ...]
    wanted: bool


Alternatives = list[list[Condition]]


def alternatives(rule: str) -> Alternatives:
    """The rule as alternatives, one of which must hold with all its conditions; BadRule if it cannot be."""
    tokens = list(_tokens(rule))
    found, rest = _either(tokens)
    if rest:
        raise BadRule(f"{' '.join(rest)} is left over")
    return found


def hosts_of_rule(rule: str) -> tuple[str, ...]:
    """The hosts that a rule asks for, `*` where an alternative asks for none; none for a rule that cannot be read."""
    try:
        read = alternatives(rule)
    except BadRule:
        return ()
    named = [[host for c in parts if c.matcher == "Host" and c.wanted for host in c.arguments] for parts in read]
    return tuple(host for hosts in named for host in hosts or ["*"])


def _tokens(rule: str) -> Iterator[str]:
    at = 0
    while rule[at:].strip():
        found = _TOKEN.match(rule, at)
        if found is None:
            raise BadRule(f"{rule[at:].strip()} cannot be read")
        yield found[1]
        at = found.end()


def _either(tokens: list[str]) -> tuple[Alternatives, list[str]]:
    found, rest = _both(tokens)
    while rest[:1] == ["||"]:
        more, rest = _both(rest[1:])
        found += more
    return found, rest


def _both(tokens: list[str]) -> tuple[Alternatives, list[str]]:
    found, rest = _one(tokens)
    while rest[:1] == ["&&"]:
        more, rest = _one(rest[1:])
        found = [[*a, *b] for a in found for b in more]
    return found, rest


def _one(tokens: list[str]) -> tuple[Alternatives, list[str]]:
    head, rest = (tokens[0], tokens[1:]) if tokens else ("the end", [])
    if head == "(":
        found, rest = _either(rest)
        return found, _after(")", rest)
    wanted = head != "!"
    if not wanted:
        head, rest = (rest[0], rest[1:]) if rest else ("the end", [])
    name = ALIASES.get(head, head)
    if name not in MATCHERS:
        raise BadRule(f"{head} is not one of {', '.join(MATCHERS)}")
    rest = _after("(", rest)
    end = rest.index(")") if ")" in rest else len(rest)
    arguments = tuple(_texts(rest[:end]))
    least, most = MATCHERS[name]
    if not least <= len(arguments) <= most:
        raise BadRule(f"{head} has {len(arguments)} arguments")
    return [[Condition(name, arguments, wanted)]], _after(")", rest[end:])


def _after(token: str, tokens: list[str]) -> list[str]:
    if tokens[:1] != [token]:
        raise BadRule(f"{token} is missing")
    return tokens[1:]


def _texts(tokens: Iterable[str]) -> Iterator[str]:
    for i, token in enumerate(tokens):
        if (token == ",") != bool(i % 2) or (i % 2 == 0 and token[0] not in '`"'):
            raise BadRule(f"{token} stands where a text in backquotes is wanted")
        if token != ",":
            yield token[1:-1]
