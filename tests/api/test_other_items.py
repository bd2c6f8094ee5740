"""Items that few answers hold: each type has its view, and loses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.api import caller_items, context_items, hosted_items
from codex_magic.api.annotations import (
    AnnotationContainerFileCitation,
    AnnotationFileCitation,
    AnnotationFilePath,
    AnnotationURLCitation,
)
from codex_magic.api.content import InputText
from codex_magic.api.items import (
    Json,
    OtherItem,
    OutputText,
    ResponseOutputMessage,
    parse_item,
    parse_response,
    to_json,
)
from codex_magic.api.output_items import other_items

from .item_examples import EXAMPLES

MODULES = (hosted_items, caller_items, context_items)
# What no item is complete without, so that a reader need not ask.
NEEDED = {"call_id", "name", "approval_request_id", "approve", "role"}
ANNOTATIONS: list[tuple[type[Any], Json]] = [
    (
        AnnotationURLCitation,
        {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2},
    ),
    (
        AnnotationFileCitation,
        {"type": "file_citation", "file_id": "file-1", "filename": "a.md", "index": 3},
    ),
    (
        AnnotationContainerFileCitation,
        {
            "type": "container_file_citation",
            "container_id": "cntr_1",
            "file_id": "cfile_1",
            "filename": "a.png",
            "start_index": 0,
            "end_index": 2,
        },
    ),
    (AnnotationFilePath, {"type": "file_path", "file_id": "file-1", "index": 3}),
]


def class_of(name: str) -> type[Any]:
    """Return the class of a name, in whatever module it is."""
    (found,) = (vars(home)[name] for home in MODULES if name in vars(home))
    assert isinstance(found, type)
    return found


def test_every_type_has_an_example() -> None:
    """The tables and the examples speak of the same types; messages have a way of their own."""
    assert sorted([*other_items(), "message"]) == sorted(item["type"] for _, item in EXAMPLES)


@pytest.mark.parametrize(("name", "item"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_a_type_has_its_view(name: str, item: Json) -> None:
    """It shows every field that the API documents, and gives back the JSON it was."""
    item = {**item, "mood": "cheerful", "created_by": "user_1"}
    view = parse_item(item)

    assert isinstance(view, OtherItem)
    assert class_of(name) is type(view)
    shown = {field: to_json(getattr(view, field)) for field in item if hasattr(view, field)}
    assert {"mood": "cheerful", "created_by": "user_1", **shown} == item
    assert item == view.to_dict() == to_json(view)


@pytest.mark.parametrize(("name", "item"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_what_is_optional_may_be_missing(name: str, item: Json) -> None:
    """An item that has only begun, or comes from a terse service, has its view all the same."""
    bare = {field: value for field, value in item.items() if field in {"type", *NEEDED}}
    view = parse_item(bare)

    assert class_of(name) is type(view)
    assert bare == to_json(view)
    assert isinstance(view, OtherItem)
    assert (item["type"], None) == (view.type, view.id)


@pytest.mark.parametrize(("name", "item"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
@pytest.mark.parametrize("odd", [None, 3, "text", {}, [], [None], {"type": ["list"]}], ids=repr)
def test_an_odd_field_costs_nothing(name: str, item: Json, odd: Any) -> None:
    """Whatever a service puts into its members, an item is read and goes back as it came."""
    strange = {field: item[field] if field in ("type", "role") else odd for field in item}

    assert strange == to_json(parse_item(strange))


@pytest.mark.parametrize(("name", "item"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_a_view_can_be_made_by_hand(name: str, item: Json) -> None:
    """What is made from an example's fields is equal to what is parsed from it, and to its JSON."""
    cls = class_of(name)
    made = cls(**{field: value for field, value in item.items() if value is not None})

    assert {field: value for field, value in item.items() if value is not None} == made.to_dict()


@pytest.mark.parametrize("kind", ["hologram_call", None, 3, ["list"]])
def test_an_unknown_type_stays_json(kind: Any) -> None:
    """It is not copied, and not refused."""
    item = {"type": kind, "id": "hg_1", "frames": [1]}

    assert parse_item(item) is item


def test_members_are_typed() -> None:
    """Where the API nests objects, views nest."""
    items = {name: parse_item(item) for name, item in EXAMPLES}
    web, interpreter = items["ResponseFunctionWebSearch"], items["ResponseCodeInterpreterToolCall"]
    shell, said = items["ResponseFunctionShellToolCall"], items["ResponseInputMessageItem"]

    assert isinstance(web, hosted_items.ResponseFunctionWebSearch)
    assert isinstance(web.action, hosted_items.ActionSearch)
    assert [hosted_items.ActionSearchSource(url="https://h"), {"type": "api"}] == web.action.sources
    assert isinstance(interpreter, hosted_items.ResponseCodeInterpreterToolCall)
    assert interpreter.outputs is not None
    assert hosted_items.OutputLogs(logs="1") == interpreter.outputs[0]
    assert isinstance(shell, caller_items.ResponseFunctionShellToolCall)
    assert isinstance(shell.action, caller_items.Action)
    assert ["ls"] == shell.action.commands
    assert isinstance(said, context_items.ResponseInputMessageItem)
    assert [InputText("Hi"), {"type": "input_audio"}] == said.content


def test_a_message_to_the_model_has_its_text() -> None:
    """As parts, or as a plain text; it is no part of the answer's text."""
    parts = parse_item(EXAMPLES[-1][1])
    plain = parse_item({"type": "message", "role": "developer", "content": "Hi"})

    assert isinstance(parts, context_items.ResponseInputMessageItem)
    assert isinstance(plain, context_items.ResponseInputMessageItem)
    assert ("Hi", "Hi") == (parts.text, plain.text)
    assert "" == parse_response({"id": "r", "output": [EXAMPLES[-1][1]]}).output_text


def test_what_is_long_or_sealed_is_not_shown() -> None:
    """Megabytes of an image and sealed content have no place in a cell."""
    shown = repr([parse_item(item) for _, item in EXAMPLES])

    assert "iVBORw0K" not in shown
    assert "seal" not in shown


@pytest.mark.parametrize(("cls", "annotation"), ANNOTATIONS)
def test_an_annotation_has_its_view(cls: type[Any], annotation: Json) -> None:
    """It shows every field, and a text goes back with all that its annotations came with."""
    found = {**annotation, "mood": "cheerful"}
    part = {"type": "output_text", "text": "Hi", "annotations": [found, {"type": "new"}]}
    message = {"type": "message", "id": "m", "role": "assistant", "content": [part]}

    view = parse_item(message)

    assert isinstance(view, ResponseOutputMessage)
    (text,) = view.content
    assert isinstance(text, OutputText)
    assert [cls(**annotation), {"type": "new"}] == text.annotations
    assert message == to_json(view)
    assert [found, {"type": "new"}] == to_json(text.annotations)


@pytest.mark.parametrize("odd", [None, "", 3, {"a": 1}, [None], [3]], ids=repr)
def test_odd_annotations_cost_no_text(odd: Any) -> None:
    """Whatever a service puts there, the text is read and goes back as it came."""
    part = {"type": "output_text", "text": "Hi", "annotations": odd}
    message = {"type": "message", "id": "m", "role": "assistant", "content": [part]}
    view = parse_item(message)

    assert isinstance(view, ResponseOutputMessage)
    assert "Hi" == view.text
    assert message == to_json(view)
