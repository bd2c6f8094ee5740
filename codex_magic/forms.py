"""What a structured answer is to become: a type of the user's namespace, by its name or as it is."""

from __future__ import annotations

import ast
import builtins
import difflib
from collections.abc import Mapping
from typing import Any

from .api.schema import Target, any_json, target_of
from .conversation.reading import value_of
from .errors import CodexError, ConfigError

__all__ = ["target_for", "value_of"]

# What the name of a type is made of: names, their members, what stands in brackets, and `|`.
_ALLOWED = (
    *(ast.Expression, ast.Name, ast.Attribute, ast.Subscript, ast.Tuple, ast.List),
    *(ast.Constant, ast.BinOp, ast.BitOr, ast.Load),
)


def target_for(schema: Any, namespace: Mapping[str, Any]) -> Target[Any]:
    """
    Return what an answer is to become.

    Args:
        schema: A type, a JSON schema, the name of one, or a type written as in an annotation; None
            for any JSON.
        namespace: Where names stand for something.

    Raises:
        ConfigError: There is nothing of that name.
        SchemaError: It cannot describe an answer.

    >>> target_for("list[int]", {}).parse('{"value": [1, 2]}')
    [1, 2]
    """
    if schema is None:
        return any_json()
    return target_of(_named(schema, namespace) if isinstance(schema, str) else schema)


def _named(text: str, namespace: Mapping[str, Any]) -> Any:
    """Return what a type's name stands for; nothing in it is called."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        raise ConfigError(_no_type(text)) from None
    nodes = list(ast.walk(tree))
    if not all(isinstance(node, _ALLOWED) for node in nodes):
        raise ConfigError(_no_type(text))
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    for name in names:
        if name not in namespace and not hasattr(builtins, name):
            raise ConfigError(_missing(name, namespace))
    try:
        return eval(compile(tree, "--schema", "eval"), {**namespace})
    except CodexError:
        raise
    # What stands in brackets is taken by the user's own classes.
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ConfigError(f"--schema {text!r}: {said}") from None


def _no_type(text: str) -> str:
    return f"--schema {text!r}: that is no type. Write its name, or as in list[Model]."


def _missing(name: str, namespace: Mapping[str, Any]) -> str:
    candidates = [key for key, value in namespace.items() if isinstance(value, type | dict)]
    near = difflib.get_close_matches(name, candidates, 1)
    hint = f" Did you mean {near[0]}?" if near else " Define it in a cell above."
    return f"--schema: there is no {name!r}.{hint}"
