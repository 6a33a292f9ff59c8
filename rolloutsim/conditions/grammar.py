"""The condition language's grammar (expr v1.15.5): text into a tree of nodes, by lark's LALR parser.

Operators stand in flat rows, which `climbing` binds. Source: spec/analysis.md 6; github.com/antonmedv/expr v1.15.5, parser.
"""

from __future__ import annotations

import functools
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import LarkError, VisitError

from rolloutsim.conditions.climbing import Pipe, Row
from rolloutsim.conditions.literals import number, unescaped
from rolloutsim.conditions.nodes import ConditionError, Node, Unsupported, node

LONGEST = 10_000

GRAMMAR = r"""
?start: expr
?expr: LET NAME "=" expr ";" expr -> let
     | cond
?cond: operation
     | cond "?" expr ":" expr       -> conditional
     | cond "?" ":" expr            -> elvis
operation: _operand _link*
_operand: (NOT | BANG | PLUS | MINUS)* postfix
_link: NOT? _operator _operand | pipe
_operator: OR | OR_WORD | AND | AND_WORD | EQ | NE | LE | GE | LT | GT | IN | TEXT | DOTS | PLUS | MINUS | STAR | SLASH | PERCENT | POWER | CARET | COALESCE
pipe: "|" NAME call
?postfix: chain | literal
?chain: primary
     | chain "." name [call]                      -> member
     | chain "?." name [call]                     -> optional_member
     | chain "[" expr "]"                         -> index
     | chain "[" [from_] ":" [to_] "]"            -> slice
from_: expr
to_: expr
?literal: NUMBER -> number | STRING -> string | CONSTANT -> constant
?primary: "(" expr ")"
     | NAME                                       -> name_
     | NAME call                                  -> called
     | "#"                                        -> element
     | "#" NAME                                   -> element_name
     | "." name [call]                            -> element_member
     | "[" [list_] "]"                            -> array
     | "{" [pairs] "}"                            -> map_
call: "(" [args] ")"
args: arg ("," arg)*
?arg: expr | "{" expr "}" -> closure
list_: expr ("," expr)* [","]
pairs: pair ("," pair)* [","]
pair: (NAME | CONSTANT | STRING | NUMBER) ":" expr -> pair
    | "(" expr ")" ":" expr            -> computed_pair
name: NAME | CONSTANT | IN | TEXT | NOT | OR_WORD | AND_WORD | LET

OR: "||"
AND: "&&"
OR_WORD.2: /or(?![\w$])/
AND_WORD.2: /and(?![\w$])/
NOT.2: /not(?![\w$])/
IN.2: /in(?![\w$])/
TEXT.2: /(matches|contains|startsWith|endsWith)(?![\w$])/
LET.2: /let(?![\w$])/
CONSTANT.2: /(true|false|nil)(?![\w$])/
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
NUMBER.2: /(0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9][0-9_]*)(\.(?!\.)[0-9_]*)?([eE][+-]?[0-9_]*)?[\w$]?|\.[0-9][0-9_]*(\.(?!\.)[0-9_]*)?([eE][+-]?[0-9_]*)?[\w$]?/
NAME: /(?!(?:let|not|in|or|and|matches|contains|startsWith|endsWith|true|false|nil)(?![\w$]))([^\W\d]|\$)[\w$]*/
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

    def operation(self, items: list[Any]) -> Node:
        return items[0] if len(items) == 1 else Row([str(item) if isinstance(item, Token) else item for item in items]).tree()

    def pipe(self, items: list[Any]) -> Pipe:
        return Pipe(str(items[0]), tuple(items[1]))

    def member(self, items: list[Any], kind: str = "member") -> Node:
        base, name, arguments = items
        chained = base.kind == "chain"
        found = node(kind, name, base.children[0] if chained else base)
        if arguments is not None:
            found = node("invoke", name, found, *arguments)
        return node("chain", None, found) if chained or kind == "optional" else found

    def optional_member(self, items: list[Any]) -> Node:
        return self.member(items, "optional")

    def index(self, items: list[Any]) -> Node:
        return node("index", None, *items)

    def slice(self, items: list[Any]) -> Node:
        base, start, stop = items
        return node("slice", (start is not None, stop is not None), *[item for item in (base, start, stop) if item is not None])

    def from_(self, items: list[Any]) -> Node:
        return items[0]  # type: ignore[no-any-return]

    to_ = from_

    def number(self, items: list[Any]) -> Node:
        return number(str(items[0]))

    def string(self, items: list[Any]) -> Node:
        return node("string", unescaped(str(items[0])))

    def constant(self, items: list[Any]) -> Node:
        return {"true": node("bool", True), "false": node("bool", False), "nil": node("nil")}[str(items[0])]

    def name_(self, items: list[Any]) -> Node:
        return node("name", str(items[0]))

    def name(self, items: list[Any]) -> str:
        return str(items[0])

    def called(self, items: list[Any]) -> Node:
        return node("call", str(items[0]), *items[1])

    def call(self, items: list[Any]) -> list[Node]:
        return items[0] or []

    def args(self, items: list[Any]) -> list[Node]:
        return items

    def closure(self, items: list[Any]) -> Node:
        return node("closure", None, items[0])

    def element(self, items: list[Any]) -> Node:
        return node("element", "")

    def element_name(self, items: list[Any]) -> Node:
        return node("element", str(items[0]))

    def element_member(self, items: list[Any]) -> Node:
        return self.member([node("element", ""), *items])

    def list_(self, items: list[Any]) -> list[Node]:
        return [item for item in items if isinstance(item, Node)]

    def array(self, items: list[Any]) -> Node:
        return node("array", None, *(items[0] or []))

    def pair(self, items: list[Any]) -> tuple[Node, Node]:
        key = unescaped(str(items[0])) if items[0].type == "STRING" else str(items[0])
        return node("string", key), items[1]

    def computed_pair(self, items: list[Any]) -> tuple[Node, Node]:
        return items[0], items[1]

    def pairs(self, items: list[Any]) -> list[tuple[Node, Node]]:
        return [item for item in items if isinstance(item, tuple)]

    def map_(self, items: list[Any]) -> Node:
        return node("map", None, *[part for pair in items[0] or [] for part in pair])


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
        rest = text[error.pos_in_stream or 0 :]
        if rest[:1] in ("'", '"'):
            return "literal not terminated"
        if rest.startswith("/*"):
            return "unclosed comment"
        return f"unrecognized character: U+{ord(rest[0]):04X} '{rest[0]}'" if rest else "unexpected token EOF"
    kinds = {"NAME": "Identifier", "CONSTANT": "Identifier", "NUMBER": "Number", "STRING": "String"}
    before = text[: error.pos_in_stream] if token.type != "$END" else text
    if before.rstrip().endswith(".") and not before.rstrip().endswith(".."):
        return "unexpected end of expression" if token.type == "$END" else "expected name"
    if token.type == "$END":
        return "unexpected token EOF"
    if token.type == "NUMBER":
        number(str(token))  # what is no number is said first
    shown = unescaped(str(token)) if token.type == "STRING" else str(token)
    if token.type == "STRING" and not shown:
        return "unexpected token String"
    kind = kinds.get(token.type, "Bracket" if str(token) in "()[]{}" else "Operator")
    return f'unexpected token {kind}("{shown}")'
