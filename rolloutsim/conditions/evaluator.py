"""A checked condition, run: values in Go's ways, errors in its words, within bounds of steps and memory (expr v1.15.5, vm)."""

from __future__ import annotations

from typing import Any

from rolloutsim.conditions.builtins import FUNCTIONS, PREDICATES
from rolloutsim.conditions.conversions import as_text, go_text
from rolloutsim.conditions.nodes import ConditionError, Node, Unsupported
from rolloutsim.conditions.regexp import compiled
from rolloutsim.conditions.values import (
    BOOL,
    FLOAT,
    INT,
    OPERATORS,
    STRING,
    Byte,
    Instant,
    Typed,
    equal,
    is_number,
    reflected,
    size,
    to_int,
    type_of,
    wrapped,
)

MOST_STEPS = 200_000
"""So many nodes are looked at; further ones would take too long."""
MEMORY_BUDGET = 1_000_000
"""Elements of lists and maps that a condition may make (vm.MemoryBudget)."""
MOST_TEXT = 10_000_000
"""Characters of all the texts that a condition may make."""
ELEMENTS_PER_STEP = 10
"""Going through so many elements of a value costs a step."""


class Evaluator:
    """Runs one condition once."""

    def __init__(self, result: Any) -> None:
        self._result = result
        self._variables: dict[str, Any] = {}
        self._elements: list[tuple[Any, int, Any]] = []
        self._steps = 0
        self._memory = 0
        self._text = 0

    def run(self, at: Node) -> Any:
        """The value of a node; ConditionError if it has none."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Unsupported(f"more than {MOST_STEPS:,} steps")
        match at.kind:
            case "nil" | "bool" | "int" | "float" | "string":
                return at.value
            case "name":
                return self._named(str(at.value))
            case "element":
                return self._element(str(at.value))
            case "let":
                self._variables[str(at.value)] = self.run(at.children[0])
                return self.run(at.children[1])
            case "unary":
                return self._unary(str(at.value), self.run(at.children[0]))
            case "binary":
                return self._binary(str(at.value), *at.children)
            case "index":
                base, index = self.run(at.children[0]), self.run(at.children[1])
                self._go_through(index, *([base] if isinstance(base, str) else []))
                return self._fetched(base, index)
            case "chain":
                try:
                    return self.run(at.children[0])
                except _ChainEnded:
                    return None
            case "optional":
                base = self.run(at.children[0])
                if base is None:
                    raise _ChainEnded
                return self._fetched(base, at.children[1].value)
            case "invoke":
                for argument in at.children[1:]:
                    self.run(argument)
                raise ConditionError(f"reflect: call of reflect.Value.Call on {reflected(self.run(at.children[0]))} Value")
            case "slice":
                return self._sliced(at)
            case "conditional":
                chosen = at.children[1] if _truth(self.run(at.children[0])) else at.children[2]
                return self.run(chosen)
            case "array":
                if any(child.kind not in CONSTANTS for child in at.children):
                    self._grow(len(at.children))  # a list of constants is made before anything runs
                return [self.run(child) for child in at.children]
            case "map":
                return self._mapped(at)
            case "call":
                return self._called(str(at.value), at.children)
        raise AssertionError(at.kind)  # pragma: no cover

    def _element(self, name: str) -> Any:
        values, index, accumulated = self._elements[-1]
        return self._at(values, index) if not name else index if name == "index" else accumulated

    def _named(self, name: str) -> Any:
        if name in self._variables:
            return self._variables[name]
        if name == "result":
            return self._result
        raise Unsupported(f"the function {name} as a value")

    def _grow(self, size: int) -> None:
        self._memory += size
        if self._memory >= MEMORY_BUDGET:
            raise ConditionError("memory budget exceeded")

    def _go_through(self, *values: Any) -> None:
        """Count the steps of an operation that looks at all of its values."""
        for value in values:
            if isinstance(value, str | list | dict):
                left = (MOST_STEPS - self._steps) * ELEMENTS_PER_STEP
                self._steps += size(value, left) // ELEMENTS_PER_STEP
        if self._steps > MOST_STEPS:
            raise Unsupported(f"more than {MOST_STEPS:,} steps")

    def _made(self, value: Any) -> Any:
        """Count the characters of a value that an operation has made."""
        if isinstance(value, str):
            self._text += len(value)
            if self._text > MOST_TEXT:
                raise Unsupported(f"more than {MOST_TEXT:,} characters of text")
        return value

    def _unary(self, operator: str, value: Any) -> Any:
        if operator in ("not", "!"):
            return not _truth(value)
        if operator == "+":
            return value
        if not is_number(value):
            raise ConditionError(f"invalid operation: - {type_of(value)}")
        return -value if isinstance(value, float) else wrapped(-int(value))

    def _binary(self, operator: str, left: Node, right: Node) -> Any:
        a = self.run(left)
        if operator == "in" and right.kind == "binary" and right.value == "..":
            return self._is_within(a, right)
        if operator == "&&":
            return self.run(right) if _truth(a) else a
        if operator == "||":
            return a if _truth(a) else self.run(right)
        if operator == "??":
            return self.run(right) if a is None else a
        b = self.run(right)
        if operator != "..":
            self._go_through(a, b)
        if operator == "in":
            only_texts = right.kind == "array" and right.children and all(child.kind == "string" for child in right.children)
            return _among(a, b, only_texts=bool(only_texts))
        if operator == "..":
            return self._range(to_int(a), to_int(b), constant=left.kind == right.kind == "int")
        if operator == "matches":
            pattern = compiled(as_text(b))
            return pattern.search(as_text(a)) is not None
        if operator in ("contains", "startsWith", "endsWith"):
            second, first = as_text(b), as_text(a)
            return {"contains": second in first, "startsWith": first.startswith(second), "endsWith": first.endswith(second)}[operator]
        return self._made(OPERATORS[operator](a, b))

    def _is_within(self, needle: Any, values: Node) -> bool:
        """Whether a range has an element, without making the range."""
        first, last = (to_int(self.run(end)) for end in values.children)
        size = wrapped(last - first + 1)
        if values.children[0].kind != "int" or values.children[1].kind != "int" or size > MEMORY_BUDGET:
            self._grow(max(0, size))
        return size > 0 and is_number(needle) and first <= needle <= last and needle == int(needle)

    def _range(self, first: int, last: int, *, constant: bool) -> Typed:
        size = max(0, wrapped(last - first + 1))
        if not constant or size > MEMORY_BUDGET:
            self._grow(size)
        self._steps += size // 10
        return Typed(range(first, first + size), INT)

    @staticmethod
    def _fetched(base: Any, index: Any) -> Any:
        if base is None:
            raise ConditionError(f"cannot fetch {go_text(index)} from <nil>")
        if isinstance(base, dict):
            if index is not None and not isinstance(index, str):
                raise ConditionError(f"reflect.Value.MapIndex: value of type {type_of(index)} is not assignable to type string")
            return base.get("" if index is None else index)
        if isinstance(base, list | str):
            at = to_int(index)
            items: Any = base if isinstance(base, list) else base.encode()
            at = at + len(items) if at < 0 else at
            if not 0 <= at < len(items):
                raise ConditionError(f"reflect: {'slice' if isinstance(base, list) else 'string'} index out of range")
            return Byte(items[at]) if isinstance(base, str) else items[at]
        raise ConditionError(f"cannot fetch {go_text(index)} from {type_of(base)}")

    def _sliced(self, at: Node) -> Any:
        base = self.run(at.children[0])
        has_from, has_to = at.value
        ends = list(at.children[1:])
        from_node = ends.pop(0) if has_from else None
        if not isinstance(base, list | str):
            if not has_to and not isinstance(base, dict):
                raise ConditionError(f"invalid argument for len (type {type_of(base)})")
            start = self.run(from_node) if from_node is not None else 0
            self._go_through(start)
            raise ConditionError(f"cannot slice {go_text(start)}")
        self._go_through(base)
        items: Any = base if isinstance(base, list) else base.encode()
        stop = to_int(self.run(ends[0])) if has_to else len(items)
        start = to_int(self.run(from_node)) if from_node is not None else 0
        start = max(0, len(items) + start if start < 0 else start)
        stop = min(len(items), max(0, len(items) + stop if stop < 0 else stop))
        if (start, stop) == (0, len(items)):
            return base  # a slice of all is the same list, even if there are NaN in it
        part = items[min(start, stop) : stop]
        if isinstance(base, str):
            return self._made(part.decode("utf-8", "replace"))
        return Typed(part, base.of) if isinstance(base, Typed) else part

    def _mapped(self, at: Node) -> dict[str, Any]:
        self._grow(len(at.children) // 2)
        found: dict[str, Any] = {}
        for key, value in zip(at.children[::2], at.children[1::2], strict=True):
            name = as_text(self.run(key))
            found[name] = self.run(value)
        return found

    # --- calls -----------------------------------------------------------------------------------------------------------------

    def _called(self, name: str, arguments: tuple[Node, ...]) -> Any:
        if name in PREDICATES:
            return self._predicate(name, arguments)
        values = [self.run(argument) for argument in arguments]
        if name == "isNil":
            return self._result is None
        if name == "default":
            return values[1] if self._result is None else self._result
        if name not in AT_ONCE or isinstance(values[0], str):
            self._go_through(*values)
        if name == "get":
            try:
                return self._fetched(values[0], values[1])
            except Unsupported:
                raise
            except ConditionError:
                return None
        made = self._made(FUNCTIONS[name].call(*values))
        if isinstance(made, list) and name in MAKE_LISTS:
            self._grow(len(made))
        return made

    def _predicate(self, name: str, arguments: tuple[Node, ...]) -> Any:
        values, closure = self.run(arguments[0]), arguments[1]
        if not isinstance(values, list | str | dict):
            raise ConditionError(f"reflect: call of reflect.Value.Len on {reflected(values)} Value")
        if isinstance(values, str):
            self._go_through(values)
            values = [Byte(byte) for byte in values.encode()]
        indices = range(len(values))
        match name:
            case "map":
                found = [self._applied(closure, values, i) for i in indices]
                self._grow(len(found))
                return found
            case "filter":
                kept = [self._at(values, i) for i in indices if _truth(self._applied(closure, values, i))]
                self._grow(len(kept))
                return kept
            case "reduce":
                return self._reduced(values, closure, arguments[2:])
            case "count" | "one":
                hits = sum(_truth(self._applied(closure, values, i)) for i in indices)
                return hits if name == "count" else hits == 1
            case "all":
                return all(_truth(self._applied(closure, values, i)) for i in indices)
            case "any":
                return any(_truth(self._applied(closure, values, i)) for i in indices)
            case "none":
                return not any(_truth(self._applied(closure, values, i)) for i in indices)
        order = indices if "Last" not in name else reversed(indices)
        hit = next((i for i in order if _truth(self._applied(closure, values, i))), None)
        if name in ("findIndex", "findLastIndex"):
            return hit
        return None if hit is None else self._at(values, hit)

    def _reduced(self, values: Any, closure: Node, first: tuple[Node, ...]) -> Any:
        """From a given value or from the first element on."""
        if not first and not values:
            raise ConditionError("reflect: slice index out of range")
        accumulated = self.run(first[0]) if first else self._at(values, 0)
        for i in range(0 if first else 1, len(values)):
            accumulated = self._applied(closure, values, i, accumulated)
        return accumulated

    @staticmethod
    def _at(values: Any, index: int) -> Any:
        if isinstance(values, dict):
            raise ConditionError("reflect: call of reflect.Value.Index on map Value")
        return values[index]

    def _applied(self, closure: Node, values: Any, index: int, accumulated: Any = None) -> Any:
        self._elements.append((values, index, accumulated))
        try:
            return self.run(closure)
        finally:
            self._elements.pop()


class _ChainEnded(Exception):
    """A `?.` met nil: the chain around it is nil."""


CONSTANTS = frozenset(["int", "float", "string", "bool"])
MAKE_LISTS = frozenset(["split", "splitAfter", "keys", "values", "sort", "sortBy"])
AT_ONCE = frozenset(["len", "type", "first", "last", "get"])
"""Functions that do not go through a list or map."""


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConditionError(f"interface conversion: interface {{}} is {'nil' if value is None else type_of(value)}, not {BOOL}")
    return value


def _among(needle: Any, values: Any, *, only_texts: bool) -> bool:
    """Element of a list, key of a map, nothing of nil (runtime.In)."""
    if values is None:
        return False
    if only_texts or isinstance(values, dict):
        if needle is not None and not isinstance(needle, str):
            raise ConditionError(f"reflect.Value.MapIndex: value of type {type_of(needle)} is not assignable to type {STRING}")
        return ("" if needle is None else needle) in values
    if isinstance(values, Instant):
        return False  # a struct whose fields nobody names
    if isinstance(values, list):
        return any(equal(value, needle) for value in values)
    raise ConditionError(f'operator "in" not defined on {type_of(values)}')


def vector(values: list[float]) -> Typed:
    """A []float64, as a Prometheus vector arrives."""
    return Typed([float(value) for value in values], FLOAT)
