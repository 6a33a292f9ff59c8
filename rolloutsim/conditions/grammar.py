"""The condition language's grammar (expr v1.15.5): text into a tree of nodes, by lark's LALR parser.

Binding strength as in the original: `not` binds weaker than `*` and stronger than `+`, `-x` weaker than `**`; a prefix operator takes all that its
strength allows, which LALR gives by shifting. Source: spec/analysis.md 6; github.com/antonmedv/expr v1.15.5, parser.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import LarkError, VisitError

from rolloutsim.conditions.nodes import ConditionError, Node, Unsupported, node

LONGEST = 10_000
_LARGEST_INT = 2**63 - 1

GRAMMAR = r"""
?start: expr
?expr: LET NAME "=" expr ";" expr -> let
     | cond
?cond: pipe
     | cond "?" expr ":" expr       -> conditional
     | cond "?" ":" expr            -> elvis
?pipe: either | pipe "|" NAME call  -> piped
?either: both   | either (OR | OR_WORD) both          -> binary
?both: compared | both (AND | AND_WORD) compared      -> binary
?compared: range
     | compared (EQ | NE | LE | GE | LT | GT | IN | TEXT) range    -> binary
     | compared NOT (IN | TEXT) range             -> negated
?range: sum     | range DOTS sum                  -> binary
?sum: term      | sum (PLUS | MINUS) term         -> binary
?term: product | weak
?product: signed | product (STAR | SLASH | PERCENT) operand    -> binary
?weak: (NOT | BANG) term                          -> unary
?operand: signed | weak
?signed: power  | (PLUS | MINUS) signed_operand   -> unary
?signed_operand: signed | weak
?power: coalesced | coalesced (POWER | CARET) exponent     -> binary
?exponent: signed | weak
?coalesced: postfix | coalesced COALESCE fallback   -> binary
?fallback: postfix | (PLUS | MINUS) signed_operand -> unary | weak
?postfix: primary
     | postfix "." name                           -> member
     | postfix "?." name                          -> optional_member
     | postfix "[" expr "]"                       -> index
     | postfix "[" [from_] ":" [to_] "]"          -> slice
from_: expr
to_: expr
?primary: "(" expr ")"                            -> wrapped
     | FLOAT -> float_ | HEX -> hex_ | INT -> int_ | STRING -> string
     | NAME                                       -> name_
     | NAME call                                  -> called
     | "#"                                        -> element
     | "#" NAME                                   -> element_name
     | "." name                                   -> element_member
     | "[" [list_] "]"                            -> array
     | "{" [pairs] "}"                            -> map_
call: "(" [args] ")"
args: arg ("," arg)*
?arg: expr | "{" expr "}" -> closure
list_: expr ("," expr)* [","]
pairs: pair ("," pair)* [","]
pair: (NAME | STRING | INT | FLOAT) ":" expr -> pair
    | "(" expr ")" ":" expr            -> computed_pair
name: NAME | IN | TEXT | NOT | OR_WORD | AND_WORD | LET

OR: "||"
AND: "&&"
OR_WORD.2: /or(?![\w$])/
AND_WORD.2: /and(?![\w$])/
NOT.2: /not(?![\w$])/
IN.2: /in(?![\w$])/
TEXT.2: /(matches|contains|startsWith|endsWith)(?![\w$])/
LET.2: /let(?![\w$])/
EQ: "=="
NE: "!="
LE: "<="
GE: ">="
LT: "<"
GT: ">"
DOTS: ".."
PLUS: "+"
MINUS: "-"
POWER: "**"
STAR: "*"
SLASH: "/"
PERCENT: "%"
CARET: "^"
BANG: "!"
COALESCE: "??"
HEX.4: /0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+/
FLOAT.3: /(\d[\d_]*)?\.\d[\d_]*([eE][+-]?\d+)?|\d[\d_]*\.(?![.\w])|\d[\d_]*[eE][+-]?\d+/
INT.2: /\d[\d_]*/
NAME: /(?!(?:let|not|in|or|and|matches|contains|startsWith|endsWith)(?![\w$]))([^\W\d]|\$)[\w$]*/
STRING: /"([^"\\\n]|\\.)*"|'([^'\\\n]|\\.)*'/
COMMENT: /\/\/[^\n]*|\/\*(.|\n)*?\*\//
%ignore /\s+/
%ignore COMMENT
"""


class _Build(Transformer[Token, Node]):
    """Tokens and trees into nodes, from the leaves up."""

    def let(self, items: list[Any]) -> Node:
        _, name, value, body = items
        return node("let", str(name), value, body)

    def conditional(self, items: list[Any]) -> Node:
        return node("conditional", None, *items)

    def elvis(self, items: list[Any]) -> Node:
        return node("conditional", None, items[0], items[0], items[1])

    def piped(self, items: list[Any]) -> Node:
        return node("call", str(items[1]), items[0], *items[2])

    def binary(self, items: list[Any]) -> Node:
        left, operator, right = items
        name = str(operator)
        if left.kind == "binary" and left.value == "??" and not left.wrapped and name != "??":
            text = f"Operator ({operator}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses."
            raise ConditionError(text)
        return node("binary", name, left, right)

    def negated(self, items: list[Any]) -> Node:
        left, _, operator, right = items
        found = self.binary([left, operator, right])
        # The original's parser loses the `not` behind an operator or a sign (`-1 not in x` is `-1 in x`); so do we.
        return found if left.kind in ("binary", "unary") and not left.wrapped else node("unary", "not", found)

    def unary(self, items: list[Any]) -> Node:
        return node("unary", str(items[0]), items[1])

    def member(self, items: list[Any]) -> Node:
        return node("member", str(items[1]), items[0])

    def optional_member(self, items: list[Any]) -> Node:
        raise Unsupported("optional chaining (?.)")

    def index(self, items: list[Any]) -> Node:
        return node("index", None, *items)

    def slice(self, items: list[Any]) -> Node:
        base, start, stop = items
        return node("slice", (start is not None, stop is not None), *[item for item in (base, start, stop) if item is not None])

    def from_(self, items: list[Any]) -> Node:
        return items[0]  # type: ignore[no-any-return]

    to_ = from_

    def wrapped(self, items: list[Any]) -> Node:
        inner = items[0]
        return Node(inner.kind, inner.value, inner.children, wrapped=True, depth=inner.depth)

    def float_(self, items: list[Any]) -> Node:
        value = float(items[0].replace("_", ""))
        if math.isinf(value):
            raise ConditionError(f'invalid float literal: strconv.ParseFloat: parsing "{items[0]}": value out of range')
        return node("float", value)

    def hex_(self, items: list[Any]) -> Node:
        if items[0][1] not in "xX":
            raise Unsupported("octal and binary numbers")
        return self._int(int(items[0].replace("_", ""), 16), items[0])

    def int_(self, items: list[Any]) -> Node:
        digits = items[0].replace("_", "").lstrip("0") or "0"
        return self._int(int(digits[:20]), items[0])  # more than 19 digits are too many whatever follows

    def _int(self, value: int, text: str) -> Node:
        if value > _LARGEST_INT:
            raise ConditionError(f'invalid integer literal: strconv.ParseInt: parsing "{text}": value out of range')
        return node("int", value)

    def string(self, items: list[Any]) -> Node:
        return node("string", _unescaped(str(items[0])))

    def name_(self, items: list[Any]) -> Node:
        constants = {"true": ("bool", True), "false": ("bool", False), "nil": ("nil", None)}
        kind, value = constants.get(str(items[0]), ("name", str(items[0])))
        return node(kind, value)

    def name(self, items: list[Any]) -> str:
        return str(items[0])

    def called(self, items: list[Any]) -> Node:
        return node("call", str(items[0]), *items[1])

    def call(self, items: list[Any]) -> list[Node]:
        return items[0] or []

    def args(self, items: list[Any]) -> list[Node]:
        return items

    def closure(self, items: list[Any]) -> Node:
        return items[0]  # type: ignore[no-any-return]

    def element(self, items: list[Any]) -> Node:
        return node("element", "")

    def element_name(self, items: list[Any]) -> Node:
        return node("element", str(items[0]))

    def element_member(self, items: list[Any]) -> Node:
        return node("member", str(items[0]), node("element", ""))

    def list_(self, items: list[Any]) -> list[Node]:
        return [item for item in items if isinstance(item, Node)]

    def array(self, items: list[Any]) -> Node:
        return node("array", None, *(items[0] or []))

    def pair(self, items: list[Any]) -> tuple[Node, Node]:
        key = _unescaped(str(items[0])) if items[0].type == "STRING" else str(items[0])
        return node("string", key), items[1]

    def computed_pair(self, items: list[Any]) -> tuple[Node, Node]:
        return items[0], items[1]

    def pairs(self, items: list[Any]) -> list[tuple[Node, Node]]:
        return [item for item in items if isinstance(item, tuple)]

    def map_(self, items: list[Any]) -> Node:
        return node("map", None, *[part for pair in items[0] or [] for part in pair])


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?"}


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text[1:-1]
    found, inner, i = [], text[1:-1], 0
    while i < len(inner):
        if inner[i] != "\\":
            found.append(inner[i])
            i += 1
        elif inner[i + 1] in _ESCAPES:
            found.append(_ESCAPES[inner[i + 1]])
            i += 2
        else:
            raise Unsupported(f"the escape \\{inner[i + 1]}")
    return "".join(found)


@functools.lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=True, transformer=_Build())


@functools.lru_cache(maxsize=1024)
def parsed(text: str) -> Node:
    """The tree of a condition; ConditionError if it is none."""
    if len(text) > LONGEST:
        raise Unsupported(f"more than {LONGEST:,} characters")
    try:
        tree: Any = _parser().parse(text)
    except VisitError as error:
        raise error.orig_exc from error
    except UnexpectedInput as error:
        raise ConditionError(_words(error, text)) from error
    except LarkError as error:
        raise ConditionError(str(error).splitlines()[0]) from error
    return tree  # type: ignore[no-any-return]


def _words(error: UnexpectedInput, text: str) -> str:
    token = getattr(error, "token", None)
    if token is None:
        at = error.pos_in_stream or 0
        return f"unrecognized character: U+{ord(text[at]):04X} '{text[at]}'" if at < len(text) else "unexpected token EOF"
    kinds = {"NAME": "Identifier", "INT": "Number", "FLOAT": "Number", "HEX": "Number", "STRING": "String", "$END": "EOF"}
    if token.type == "$END":
        return "unexpected token EOF"
    if token.type == "STRING" and not _unescaped(str(token)):
        return "unexpected token String"
    kind = kinds.get(token.type, "Bracket" if str(token) in "()[]{}" else "Operator")
    shown = _unescaped(str(token)) if token.type == "STRING" else str(token)
    return f'unexpected token {kind}("{shown}")'
