"""Names, label keys and label values: what Kubernetes allows, in its words (apimachinery, pkg/util/validation)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.manifest.field_errors import Violation, forbidden, invalid, required, too_long

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"
_ENV, _CONFIG_KEY, _HEADER = "[-._a-zA-Z][-._a-zA-Z0-9]*", "[-._a-zA-Z0-9]+", "[-A-Za-z0-9]+"
_MOST_ANNOTATION_BYTES = 256 * 1024


def _regex_words(rule: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"


def _too_long(most: int) -> str:
    return f"must be no more than {most} characters"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def subdomain_errors(name: str) -> list[str]:
    """What is wrong with a DNS-1123 subdomain, the usual name of an object."""
    found = [_too_long(253)] if _size(name) > 253 else []
    if not re.fullmatch(_SUBDOMAIN, name):
        rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        found.append(_regex_words(rule + "alphanumeric character", _SUBDOMAIN, "example.com"))
    return found


def wildcard_errors(name: str) -> list[str]:
    """What is wrong with a DNS-1123 subdomain that begins with `*.`."""
    found = [_too_long(253)] if _size(name) > 253 else []
    if not re.fullmatch(_WILDCARD, name):
        rule = (
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric "
            "characters, '-' or '.' and end with an alphanumeric character"
        )
        found.append(_regex_words(rule, _WILDCARD, "*.example.com"))
    return found


def label_errors(name: str) -> list[str]:
    """What is wrong with a DNS-1123 label, the name of a container or a namespace."""
    found = [_too_long(63)] if _size(name) > 63 else []
    if not re.fullmatch(_LABEL, name):
        if re.fullmatch(_SUBDOMAIN, name):
            return [*found, "must not contain dots"]
        rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric"
        found.append(_regex_words(f"{rule} character", _LABEL, "my-name", "123-abc"))
    return found


def service_name_errors(name: str) -> list[str]:
    """What is wrong with a DNS-1035 label, the name of a Service."""
    found = [_too_long(63)] if _size(name) > 63 else []
    if not re.fullmatch(_LABEL_1035, name):
        rule = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an "
        found.append(_regex_words(rule + "alphanumeric character", _LABEL_1035, "my-name", "abc-123"))
    return found


def qualified_name_errors(key: str) -> list[str]:
    """What is wrong with the key of a label or an annotation."""
    rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    words = _regex_words(rule, _QUALIFIED, "MyName", "my.name", "123-abc")
    parts = key.split("/")
    if len(parts) > 2:
        return [f"a qualified name {words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    found: list[str] = []
    name = parts[-1]
    if len(parts) == 2:
        found += ["prefix part must be non-empty"] if not parts[0] else [f"prefix part {text}" for text in subdomain_errors(parts[0])]
    if not name:
        found.append("name part must be non-empty")
    elif _size(name) > 63:
        found.append(f"name part {_too_long(63)}")
    if not re.fullmatch(_QUALIFIED, name):
        found.append(f"name part {words}")
    return found


def label_value_errors(value: str) -> list[str]:
    """What is wrong with the value of a label."""
    found = [_too_long(63)] if _size(value) > 63 else []
    if not re.fullmatch(_VALUE, value):
        rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        found.append(_regex_words(rule + "alphanumeric character", _VALUE, "MyValue", "my_value", "12345"))
    return found


def port_errors(number: int) -> list[str]:
    """What is wrong with the number of a port."""
    return [] if 1 <= number <= 65535 else ["must be between 1 and 65535, inclusive"]


def port_name_errors(name: str) -> list[str]:
    """What is wrong with the name of a port."""
    found = [_too_long(15)] if _size(name) > 15 else []
    if not re.fullmatch("[-a-z0-9]+", name):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", name):
        found.append("must contain at least one letter (a-z)")
    if "--" in name:
        found.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return found


def env_name_errors(name: str) -> list[str]:
    """What is wrong with the name of an environment variable."""
    rule = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit"
    words = _regex_words(rule, _ENV, "my.env-name", "MY_ENV.NAME", "MyEnvName1")
    return [*([] if re.fullmatch(_ENV, name) else [words]), *_dotted_errors(name)]


def config_key_errors(key: str) -> list[str]:
    """What is wrong with a key of a ConfigMap or a Secret."""
    found = [_too_long(253)] if _size(key) > 253 else []
    if not re.fullmatch(_CONFIG_KEY, key):
        rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        found.append(_regex_words(rule, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    return [*found, *_dotted_errors(key)]


def header_name_errors(name: str) -> list[str]:
    """What is wrong with the name of an HTTP header."""
    words = _regex_words("a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, "X-Header-Name")
    return [] if re.fullmatch(_HEADER, name) else [words]


def _dotted_errors(name: str) -> list[str]:
    if name in (".", ".."):
        return [f"must not be '{name}'"]
    return ["must not start with '..'"] if name.startswith("..") else []


def label_violations(labels: Mapping[str, str], field: str) -> Iterator[Violation]:
    """Rules of labels (ValidateLabels); the real system takes them in no certain order, here the keys are sorted."""
    for key in sorted(labels):
        yield from (invalid(field, key, text, f"{field}.{key}") for text in qualified_name_errors(key))
        yield from (invalid(field, labels[key], text, f"{field}.{key}") for text in label_value_errors(labels[key]))


def annotation_violations(annotations: Mapping[str, str], field: str) -> Iterator[Violation]:
    """Rules of annotations (ValidateAnnotations)."""
    for key in sorted(annotations):
        yield from (invalid(field, key, text, f"{field}.{key}") for text in qualified_name_errors(key.lower()))
    if sum(_size(key) + _size(value) for key, value in annotations.items()) > _MOST_ANNOTATION_BYTES:
        yield too_long(field, _MOST_ANNOTATION_BYTES)


def selector_violations(selector: Mapping[str, Any], field: str) -> Iterator[Violation]:
    """Rules of a label selector (ValidateLabelSelector)."""
    yield from label_violations(selector.get("matchLabels") or {}, f"{field}.matchLabels")
    for i, expression in enumerate(selector.get("matchExpressions") or ()):
        yield from _expression_violations(expression, f"{field}.matchExpressions[{i}]")


def _expression_violations(expression: Mapping[str, Any], field: str) -> Iterator[Violation]:
    operator: str = expression.get("operator") or ""
    values: Sequence[str] = expression.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield forbidden(f"{field}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    else:
        yield invalid(f"{field}.operator", operator, "not a valid selector operator")
    key: str = expression.get("key") or ""
    yield from (invalid(f"{field}.key", key, text) for text in qualified_name_errors(key))
    for i, value in enumerate(values):
        yield from (invalid(f"{field}.values[{i}]", value, text) for text in label_value_errors(value))
