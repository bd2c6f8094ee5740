"""A structured answer, read as what was asked for, and what the model is told where it is not that."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from ..api.backends import Backend
from ..api.items import Json, Response
from ..api.parsed import answer_text
from ..api.schema import Target, Value
from ..errors import AnswerError, ParseError
from .errands import Errand
from .questions import Emit
from .tool_calls import calls_in


async def read(response: Response, target: Target[Any], emit: Emit) -> Value[Any]:
    """
    Return what an answer stands for; that is found out on the thread that asked.

    Raises:
        AnswerError: It is not what was asked for, or only a part of it.
    """
    errand = Errand("reading the answer", partial(value_of, answer_text(response), target))
    emit(errand)
    return await errand.result()


def value_of(text: str, target: Target[Any]) -> Value[Any]:
    """
    Return what a text stands for; JSON between other words counts, as another answer costs more.

    Raises:
        ParseError: It is not what was asked for.
    """
    try:
        return target.read(text, lenient=True)
    except ParseError:
        raise
    # A validator is the user's own code, and may fail in its own way.
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ParseError(f"The answer is not a valid {target.name}: {said}", text=text) from error


def is_correctable(error: AnswerError, response: Response) -> bool:
    """Whether the model can give another answer: no refusal, no cut one, no open call."""
    return (
        isinstance(error, ParseError) and bool(error.text) and not calls_in(response.output).calls
    )


def correction(error: AnswerError, target: Target[Any], backend: Backend) -> Json:
    """Return what a model is told of an answer that is not valid."""
    said = f"{str(error).rstrip('.')}. Give the whole answer again, corrected: only the JSON, without other words."
    if backend.enforces_schema != "yes" and target.strictness.schema:
        schema = json.dumps(target.strictness.schema, ensure_ascii=False)
        said += f" It has to follow this JSON schema: {schema}"
    return {"type": "message", "role": "user", "content": said}
