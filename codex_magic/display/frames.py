"""The list of a structured answer as a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from ..errors import ConfigError


def frame_of(parsed: Any) -> Any:
    """
    Return a list of objects as a pandas DataFrame: a row for each, a column for each field.

    Raises:
        ConfigError: It is no list, or pandas is not installed.
    """
    if not isinstance(parsed, list | tuple):
        raise ConfigError(
            f"A {type(parsed).__name__} has no rows: ask for a list, as --schema 'list[Model]'."
        )
    try:
        import pandas  # The user's own, and heavy.
    except ImportError as error:
        raise ConfigError("A DataFrame needs pandas: pip install pandas.") from error
    return pandas.DataFrame([_record(each) for each in parsed])


def _record(row: Any) -> Any:
    """Return an object's fields with their values as they are: a date stays a date."""
    if isinstance(row, Mapping):
        return dict(row)
    if is_dataclass(row) and not isinstance(row, type):
        return {field.name: getattr(row, field.name) for field in fields(row)}
    # A Pydantic model gives its fields.
    return dict(row) if hasattr(row, "model_dump") else {"value": row}
