"""Works out the strings that a cell puts together from constants, without running anything."""

from __future__ import annotations

import ast
import base64
import codecs
from collections.abc import Callable, Mapping

_LONGEST = 100_000
_DEEPEST = 60
_Value = str | bytes | int

_TEXT_METHODS = {"lower", "upper", "strip", "lstrip", "rstrip", "title", "swapcase", "capitalize"}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "b64decode": base64.b64decode,
    "urlsafe_b64decode": base64.urlsafe_b64decode,
    "b32decode": base64.b32decode,
    "b16decode": base64.b16decode,
    "b85decode": base64.b85decode,
    "unhexlify": bytes.fromhex,  # type: ignore[dict-item]
}


def folded(node: ast.AST | None, constants: Mapping[str, str] = {}) -> str | None:
    """
    Return the string that an expression comes to; None where only running it could tell.

    >>> folded(ast.parse("'sys' + ''.join(['t', 'em'])", mode="eval").body)
    'system'

    Args:
        node: An expression.
        constants: What is known of names.
    """
    try:
        value = _value(node, constants, 0)
    except (ValueError, TypeError, LookupError, OverflowError, MemoryError, RecursionError):
        return None
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else None


def pieces(node: ast.AST) -> list[str]:
    """Return the constant strings within an expression, in order."""
    found = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [
        text if isinstance(text, str) else text.decode("latin-1")
        for text in found
        if isinstance(text, str | bytes)
    ]


def _value(node: ast.AST | None, constants: Mapping[str, str], depth: int) -> _Value | None:
    if depth > _DEEPEST:
        return None

    def inner(part: ast.AST | None) -> _Value | None:
        return _value(part, constants, depth + 1)

    match node:
        case ast.Constant(value=str() | bytes() | int() as value):
            return value
        case ast.Name(id=name):
            return constants.get(name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(node, constants, depth)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            return _filled(inner(left), [inner(part) for part in _items(right)])
        case ast.BinOp(left=left, op=ast.Sub() | ast.BitXor() as operator, right=right):
            return _number(inner(left), operator, inner(right))
        case ast.JoinedStr(values=values):
            return _concatenated([inner(part) for part in values])
        case ast.FormattedValue(value=part, conversion=-1, format_spec=None):
            return _text(inner(part))
        case ast.NamedExpr(value=part):
            return inner(part)
        case ast.Subscript(value=part, slice=where):
            return _cut(inner(part), where, inner)
        case ast.Call():
            return _called(node, inner)
    return None


def _sum(node: ast.BinOp, constants: Mapping[str, str], depth: int) -> _Value | None:
    """Add up a chain of sums without going deep: such chains are long."""
    parts: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        parts.append(left.right)
        left = left.left
    values = [_value(part, constants, depth + 1) for part in [left, *reversed(parts)]]
    if all(isinstance(value, int) for value in values):
        return sum(value for value in values if isinstance(value, int))
    return _concatenated(values)


def _concatenated(values: list[_Value | None]) -> _Value | None:
    if values and all(isinstance(value, bytes) for value in values):
        return b"".join(value for value in values if isinstance(value, bytes))
    texts = [value for value in values if isinstance(value, str)]
    return "".join(texts)[:_LONGEST] if len(texts) == len(values) else None


def _number(left: _Value | None, operator: ast.operator, right: _Value | None) -> int | None:
    if not isinstance(left, int) or not isinstance(right, int):
        return None
    return left - right if isinstance(operator, ast.Sub) else left ^ right


def _text(value: _Value | None) -> str | None:
    return None if value is None or isinstance(value, bytes) else str(value)


def _filled(form: _Value | None, values: list[_Value | None]) -> str | None:
    if not isinstance(form, str) or None in values:
        return None
    # A width in a form could ask for gigabytes.
    if form.count("%") != form.count("%s") + form.count("%c"):
        return None
    return form % tuple(values)


def _items(node: ast.AST) -> list[ast.expr]:
    return (
        node.elts
        if isinstance(node, ast.Tuple | ast.List)
        else [node]
        if isinstance(node, ast.expr)
        else []
    )


def _cut(
    value: _Value | None, where: ast.expr, inner: Callable[[ast.AST | None], _Value | None]
) -> _Value | None:
    if not isinstance(value, str | bytes):
        return None
    if isinstance(where, ast.Slice):
        bounds = [_bound(part, inner) for part in (where.lower, where.upper, where.step)]
        return value[slice(*bounds)]
    index = _bound(where, inner)
    return None if index is None else value[index]


def _bound(node: ast.expr | None, inner: Callable[[ast.AST | None], _Value | None]) -> int | None:
    if node is None:
        return None
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    value = inner(node)
    if not isinstance(value, int):
        raise ValueError("Not a constant.")
    return sign * value


def _called(node: ast.Call, inner: Callable[[ast.AST | None], _Value | None]) -> _Value | None:
    first = node.args[0] if node.args else None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _DECODERS:
        given = inner(first)
        code = given.encode() if isinstance(given, str) and name != "unhexlify" else given
        return _DECODERS[name](code) if isinstance(code, bytes | str) else None  # type: ignore[arg-type]
    if name == "fromhex":
        given = inner(first)
        return bytes.fromhex(given) if isinstance(given, str) else None
    if name in ("str", "bytes", "bytearray") and isinstance(node.func, ast.Name):
        return _made(name, node, inner)
    if name == "chr":
        given = inner(first)
        return chr(given) if isinstance(given, int) else None
    if isinstance(node.func, ast.Attribute):
        return _method(node.func, name, node.args, inner)
    return None


def _made(
    name: str, node: ast.Call, inner: Callable[[ast.AST | None], _Value | None]
) -> _Value | None:
    first = node.args[0] if node.args else None
    if isinstance(first, ast.List | ast.Tuple):
        codes = [inner(part) for part in first.elts]
        return bytes(code for code in codes if isinstance(code, int))
    given = inner(first)
    if name == "str":
        return given.decode() if isinstance(given, bytes) else _text(given)
    return given.encode() if isinstance(given, str) else given if isinstance(given, bytes) else None


def _method(
    function: ast.Attribute,
    name: str,
    args: list[ast.expr],
    inner: Callable[[ast.AST | None], _Value | None],
) -> _Value | None:
    if name == "join" and args:
        separator, parts = inner(function.value), _sequence(args[0], inner)
        if isinstance(separator, str) and parts is not None:
            return separator.join(parts)[:_LONGEST]
        return None
    if name == "decode" and getattr(function.value, "id", "") == "codecs" and args:
        text, coding = inner(args[0]), inner(args[-1])
        is_rotated = isinstance(text, str) and "rot" in str(coding)
        return codecs.decode(str(text), "rot13") if is_rotated else None
    value = inner(function.value)
    given = [inner(part) for part in args]
    if isinstance(value, bytes) and name == "decode":
        return value.decode()
    if isinstance(value, str) and name == "encode":
        return value.encode()
    if not isinstance(value, str) or None in given:
        return None
    if name in _TEXT_METHODS and not given:
        return str(getattr(value, name)())
    texts = [part for part in given if isinstance(part, str)]
    if name == "replace" and len(texts) == 2:
        return value.replace(texts[0], texts[1])[:_LONGEST]
    if name == "format" and value.count("{") == value.count("{}"):
        return value.format(*given)
    return None


def _sequence(node: ast.expr, inner: Callable[[ast.AST | None], _Value | None]) -> list[str] | None:
    """Return what ``join`` is given: a list, ``reversed`` or ``map(chr, …)``, or a generator."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            values = [inner(part) for part in elements]
            return (
                [value for value in values if isinstance(value, str)]
                if None not in values
                else None
            )
        case ast.Call(func=ast.Name(id="reversed"), args=[argument]):
            text = inner(argument)
            parts = list(text) if isinstance(text, str) else _sequence(argument, inner)
            return parts[::-1] if parts is not None else None
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="chr"), argument]):
            return _characters(argument, inner)
        case (
            ast.GeneratorExp(elt=element, generators=[ast.comprehension(iter=argument, ifs=[])])
            | ast.ListComp(elt=element, generators=[ast.comprehension(iter=argument, ifs=[])])
        ):
            if isinstance(element, ast.Call) and getattr(element.func, "id", "") == "chr":
                return _characters(argument, inner, shifted=element.args)
    return None


def _characters(
    node: ast.expr,
    inner: Callable[[ast.AST | None], _Value | None],
    shifted: list[ast.expr] | None = None,
) -> list[str] | None:
    if shifted and not isinstance(shifted[0], ast.Name):
        return None
    if isinstance(node, ast.List | ast.Tuple):
        codes = [inner(part) for part in node.elts]
        return [chr(code) for code in codes if isinstance(code, int)]
    value = inner(node)
    return [chr(code) for code in value] if isinstance(value, bytes) else None
