"""What a docstring tells of a function and of its parameters: the one importer of docstring_parser."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import field

from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Documentation:
    """
    What a docstring tells.

    Attributes:
        description: What the function does, and what it returns.
        parameters: What each parameter is for, by its name.
        types: The type that the text gives to a parameter, by its name.
    """

    description: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


def documentation_of(text: str | None) -> Documentation:
    """
    Return what a docstring in Google's, NumPy's or Sphinx's style tells.

    Without docstring_parser, and for a text that it cannot read, all of it is the description.

    >>> documentation_of("Add up.\\n\\nArgs:\\n    a: One number.").parameters
    {'a': 'One number.'}
    """
    cleaned = inspect.cleandoc(text or "")
    if not cleaned:
        return Documentation()
    try:
        # Only here, because it is an extra.
        import docstring_parser
    except ImportError:
        return Documentation(cleaned)
    try:
        parsed = docstring_parser.parse(cleaned)
    # Beside its own error, odd texts (a ``:`` alone before fields) give it an IndexError.
    except (docstring_parser.ParseError, LookupError, ValueError):
        return Documentation(cleaned)
    parameters: dict[str, str] = {}
    types: dict[str, str] = {}
    for found in parsed.params:
        for name in _names(found.arg_name):
            parameters[name] = " ".join((found.description or "").split())
            types[name] = (found.type_name or "").removesuffix(", optional").strip()
    said = (parsed.description or ("" if parameters else cleaned)).strip()
    if parsed.returns and parsed.returns.description:
        returned = " ".join(parsed.returns.description.split())
        said = f"{said}\n\nReturns: {returned}".strip()
    return Documentation(said, _given(parameters), _given(types))


def _names(written: str) -> list[str]:
    r"""
    Return the parameters that one entry describes.

    >>> _names("x, y"), _names("\\*args"), _names("**options")
    (['x', 'y'], ['args'], ['options'])
    """
    return [name.replace("\\", "").strip().lstrip("*") for name in written.split(",")]


def _given(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}
