"""Types before anything runs: what the original's compiler refuses, in its words, and the tree that it would run (expr v1.15.5, checker, optimizer).

Only `result` has a type of its own, that of its value; elements and members of decoded JSON are of any type.
"""

from __future__ import annotations

from collections.abc import Mapping

from rolloutsim.conditions.builtins import FUNCTIONS, GIVEN, NOT_SUPPORTED, PREDICATES
from rolloutsim.conditions.folding import as_floats, folded, signed, within
from rolloutsim.conditions.nodes import ConditionError, Node, Unsupported, node
from rolloutsim.conditions.operators import WHOLE, comparable, kind, type_of_operation
from rolloutsim.conditions.regexp import compiled
from rolloutsim.conditions.signatures import Function
from rolloutsim.conditions.values import (
    ANY,
    ARRAY,
    BOOL,
    DURATION,
    FLOAT,
    FUNCTION,
    INT,
    INT64,
    MAP,
    NIL,
    NUMBERS,
    STRING,
    TIME,
    element,
    is_array,
)

_SIGNATURES = {
    "asInt": "func(interface {}) int64",
    "asFloat": "func(interface {}) float64",
    "isNaN": "func(float64) bool",
    "isInf": "func(float64) bool",
    "isNil": "func(interface {}) bool",
    "default": "func(interface {}, interface {}) interface {}",
}
_VARIABLES: Mapping[str, Mapping[str, str]] = {"map": {"index": INT}, "reduce": {"index": INT, "acc": ANY}}
"""What stands beside `#` in a closure (checker.go, begin)."""


class Checker:
    """Checks one condition for one type of `result`."""

    def __init__(self, result: str) -> None:
        self._result = result
        self._variables: list[tuple[str, str]] = []
        self._elements: list[tuple[str, Mapping[str, str]]] = []

    def check(self, at: Node) -> tuple[str, Node]:
        """The static type of a node and the node as it will run; ConditionError for what does not compile."""
        match at.kind:
            case "nil" | "bool" | "int" | "float" | "string":
                return {"nil": NIL, "bool": BOOL, "int": INT, "float": FLOAT, "string": STRING}[at.kind], at
            case "name":
                return self._name(str(at.value)), at
            case "unary":
                return self._unary(at)
            case "binary":
                return self._binary(at)
            case "member" | "optional":
                return self._member(at)
            case "chain":
                type_, child = self.check(at.children[0])
                return type_, node("chain", None, child)
            case "invoke":
                return self._invoke(at)
            case "index":
                return self._index(at)
            case "slice":
                return self._slice(at)
            case "conditional":
                return self._conditional(at)
            case "let":
                return self._let(at)
            case "array":
                return ARRAY, node("array", None, *[self.check(child)[1] for child in at.children])
            case "map":
                return MAP, node("map", None, *[self.check(child)[1] for child in at.children])
            case "element":
                return self._element(str(at.value)), at
            case "call":
                return self._call(at)
        raise AssertionError(at.kind)  # pragma: no cover

    # --- names -----------------------------------------------------------------------------------------------------------------

    def _name(self, name: str) -> str:
        for known, type_ in reversed(self._variables):
            if known == name:
                return type_
        if name == "$env":
            raise Unsupported("$env")
        if name == "result":
            return self._result
        if name in _SIGNATURES:
            return _SIGNATURES[name]
        if name in FUNCTIONS or name in NOT_SUPPORTED or name == "get":
            return FUNCTION
        raise ConditionError(f"unknown name {name}")

    def _let(self, at: Node) -> tuple[str, Node]:
        name = str(at.value)
        if name in GIVEN:
            raise ConditionError(f"cannot redeclare {name}")
        if name in FUNCTIONS or name in NOT_SUPPORTED or name in PREDICATES:
            raise ConditionError(f"cannot redeclare builtin {name}")
        if any(known == name for known, _ in self._variables):
            raise ConditionError(f"cannot redeclare variable {name}")
        type_, value = self.check(at.children[0])
        self._variables.append((name, type_))
        body_type, body = self.check(at.children[1])
        self._variables.pop()
        return body_type, node("let", name, value, body)

    def _element(self, name: str) -> str:
        if not self._elements:
            raise ConditionError("cannot use pointer accessor outside closure")
        collection, variables = self._elements[-1]
        if not name:
            return ANY if collection == ANY else element(collection)
        if name in variables:
            return variables[name]
        raise ConditionError(f"unknown pointer #{name}")

    # --- operators -------------------------------------------------------------------------------------------------------------

    def _unary(self, at: Node) -> tuple[str, Node]:
        type_, child = self.check(at.children[0])
        if at.value in ("not", "!"):
            if type_ in (BOOL, ANY):
                folded = node("bool", not child.value) if child.kind == "bool" else node("unary", "not", child)
                return BOOL, folded
        elif type_ in NUMBERS or kind(type_) == INT64 or type_ == ANY:
            return type_, signed(str(at.value), child)
        raise ConditionError(f"invalid operation: {at.value} (mismatched type {type_})")

    def _binary(self, at: Node) -> tuple[str, Node]:
        operator = {"or": "||", "and": "&&", "^": "**"}.get(str(at.value), str(at.value))
        (left, a), (right, b) = self.check(at.children[0]), self.check(at.children[1])
        type_ = self._binary_type(operator, left, right, b)
        if type_ is None:
            raise ConditionError(f"invalid operation: {at.value} (mismatched types {left} and {right})")
        ranged = within(a, b) if operator == "in" and left == INT else None
        return type_, ranged if ranged is not None else folded(operator, a, b)

    def _binary_type(self, operator: str, left: str, right: str, b: Node) -> str | None:
        if operator in ("==", "!="):
            return BOOL if comparable(left, right) else None
        if operator == "in":
            return self._in_type(left, right, b)
        if operator == "??":
            if left == NIL:
                return right
            return left if right in (NIL, left) or left == ANY else ANY
        if operator == "matches" and b.kind == "string":
            compiled(str(b.value))
        return type_of_operation(operator, left, right)

    def _in_type(self, left: str, right: str, b: Node) -> str | None:
        if right == MAP:
            if left not in (NIL, ANY, STRING):
                raise ConditionError(f"cannot use {left} as type string in map key")
            return BOOL
        if is_array(right):
            if left == NIL:
                return BOOL
            for of in (element(right), self._elements_of(b)):
                if of is not None and not comparable(left, of):
                    raise ConditionError(f"cannot use {left} as type {of} in array")
            return BOOL
        return BOOL if right == ANY or (left == ANY and right == STRING) or (left in (STRING, ANY) and right == TIME) else None

    def _elements_of(self, b: Node) -> str | None:
        """The type that all elements of a list literal share."""
        if b.kind != "array" or not b.children:
            return None
        types = [self.check(child)[0] for child in b.children]
        same = all(kind(t) == kind(types[0]) and t != NIL for t in types)
        return types[-1] if same else None

    # --- parts -----------------------------------------------------------------------------------------------------------------

    def _member(self, at: Node) -> tuple[str, Node]:
        base, child = self.check(at.children[0])
        if base == NIL:
            raise ConditionError(f"type <nil> has no field {at.value}")
        found = node("optional" if at.kind == "optional" else "index", None, child, node("string", at.value))
        if base in (TIME, DURATION):
            raise Unsupported("methods of times and durations")
        return self._part(base, STRING, found)

    def _invoke(self, at: Node) -> tuple[str, Node]:
        """A member that is called: data has none, which shows when it runs."""
        _, callee = self.check(at.children[0])
        return ANY, node("invoke", at.value, callee, *[self.check(child)[1] for child in at.children[1:]])

    def _index(self, at: Node) -> tuple[str, Node]:
        base, child = self.check(at.children[0])
        prop, index = self.check(at.children[1])
        if base == NIL and index.kind == "string":
            raise ConditionError(f"type <nil> has no field {index.value}")
        return self._part(base, prop, node("index", None, child, index))

    @staticmethod
    def _part(base: str, prop: str, found: Node) -> tuple[str, Node]:
        if base == ANY:
            return ANY, found
        if base == MAP:
            if prop not in (STRING, ANY, NIL):
                raise ConditionError(f"cannot use {prop} to get an element from {MAP}")
            return ANY, found
        if is_array(base):
            if prop not in WHOLE and prop != ANY:
                raise ConditionError(f"array elements can only be selected using an integer (got {prop})")
            return element(base), found
        raise ConditionError(f"type {base}[{prop}] is undefined")

    def _slice(self, at: Node) -> tuple[str, Node]:
        base, child = self.check(at.children[0])
        if base not in (ANY, STRING) and not is_array(base):
            raise ConditionError(f"cannot slice {base}")
        ends = []
        for end in at.children[1:]:
            type_, found = self.check(end)
            if type_ not in WHOLE and type_ != ANY:
                raise ConditionError(f"non-integer slice index {type_}")
            ends.append(found)
        return base, node("slice", at.value, child, *ends)

    def _conditional(self, at: Node) -> tuple[str, Node]:
        type_, condition = self.check(at.children[0])
        if type_ not in (BOOL, ANY):
            raise ConditionError(f"non-bool expression (type {type_}) used as condition")
        (left, a), (right, b) = self.check(at.children[1]), self.check(at.children[2])
        found = node("conditional", None, condition, a, b)
        if left == NIL or right == NIL:
            return (right if left == NIL else left), found
        return (left if left == right or right == ANY else ANY), found

    # --- calls -----------------------------------------------------------------------------------------------------------------

    def _call(self, at: Node) -> tuple[str, Node]:
        name, arguments = str(at.value), at.children
        if name in PREDICATES:
            return self._predicate(name, arguments)
        if name != "groupBy" and any(argument.kind == "closure" for argument in arguments):
            raise ConditionError('unexpected token Bracket("}")')
        if name in ("isNil", "default"):
            wanted: tuple[str, ...] = (ANY,) * (1 if name == "isNil" else 2)
            found = self._arguments(name, wanted, arguments)
            return (BOOL if name == "isNil" else ANY), node("call", name, *found)
        if name == "get":
            return self._get(arguments)
        if name in NOT_SUPPORTED:
            raise Unsupported(f"the function {name}")
        if name not in FUNCTIONS:
            type_ = self._name(name)
            raise ConditionError(f"{type_} is not callable" if type_ != NIL else f"{name} is nil; cannot call nil as function")
        return self._function(name, FUNCTIONS[name], arguments)

    def _function(self, name: str, function: Function, arguments: tuple[Node, ...]) -> tuple[str, Node]:
        if function.check is not None:
            checked = [self.check(argument) for argument in arguments]
            return function.check([type_ for type_, _ in checked]), node("call", name, *[found for _, found in checked])
        if any(len(parameters) == len(arguments) for parameters, _ in function.overloads):
            for argument in arguments:
                self.check(argument)  # what is wrong inside an argument is said before what is wrong with it
        last: ConditionError | None = None
        for parameters, result in function.overloads:
            try:
                return result, node("call", name, *self._arguments(name, parameters, arguments))
            except ConditionError as error:
                last = error
        assert last is not None
        raise last

    def _arguments(self, name: str, parameters: tuple[str, ...], arguments: tuple[Node, ...]) -> list[Node]:
        if len(arguments) != len(parameters):
            raise ConditionError(f"{'too many' if len(arguments) > len(parameters) else 'not enough'} arguments to call {name}")
        found: list[Node] = []
        for wanted, argument in zip(parameters, arguments, strict=True):
            type_, checked = self.check(argument)
            if wanted == FLOAT and type_ in WHOLE:
                checked = as_floats(checked)
            elif type_ not in (wanted, ANY, NIL) and wanted != ANY and not (wanted in WHOLE and type_ in WHOLE):
                raise ConditionError(f"cannot use {type_} as argument (type {wanted}) to call {name} ")
            found.append(checked)
        return found

    def _predicate(self, name: str, arguments: tuple[Node, ...]) -> tuple[str, Node]:
        most = 3 if name == "reduce" else 2
        if not 2 <= len(arguments) <= most:
            raise ConditionError('unexpected token Bracket(")")' if len(arguments) < 2 else 'unexpected token Operator(",")')
        if arguments[0].kind == "closure" or arguments[1].kind == "map":
            raise ConditionError('unexpected token Bracket("}")' if arguments[0].kind == "closure" else 'unexpected token Operator(":")')
        collection, values = self.check(arguments[0])
        if collection != ANY and not is_array(collection):
            raise ConditionError(f"builtin {name} takes only array (got {collection})")
        self._elements.append((collection, _VARIABLES.get(name, {})))
        type_, closure = self.check(arguments[1].children[0] if arguments[1].kind == "closure" else arguments[1])
        self._elements.pop()
        if type_ == NIL:
            raise ConditionError("closure cannot be nil")
        found = node("call", name, values, closure, *[self.check(argument)[1] for argument in arguments[2:]])
        if name == "reduce":
            return type_, found
        if name != "map" and type_ not in (BOOL, ANY):
            raise ConditionError(f"predicate should return boolean (got {type_})")
        result = {
            "filter": ARRAY if collection == ANY else collection,
            "map": f"[]{type_}",
            "find": ANY if collection == ANY else element(collection),
            "findLast": ANY if collection == ANY else element(collection),
        }.get(name, INT if name in ("count", "findIndex", "findLastIndex") else BOOL)
        return result, found

    def _get(self, arguments: tuple[Node, ...]) -> tuple[str, Node]:
        if len(arguments) != 2:
            raise ConditionError(f"invalid number of arguments (expected 2, got {len(arguments)})")
        (base, values), (prop, index) = self.check(arguments[0]), self.check(arguments[1])
        found = node("call", "get", values, index)
        if base == ANY:
            return ANY, found
        if is_array(base) or base == MAP:
            what = "slice" if is_array(base) else "map"
            if prop == NIL:
                raise ConditionError(f"cannot use nil as {what} index")
            if is_array(base) and prop not in WHOLE and prop != ANY:
                raise ConditionError(f"non-integer slice index {prop}")
            if base == MAP and prop not in (STRING, ANY):
                raise ConditionError(f"cannot use {prop} to get an element from {MAP}")
            return element(base), found
        raise ConditionError(f"type {base} does not support indexing")
