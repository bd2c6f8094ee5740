"""Python types become the format of an answer, and its text a value of the type."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import (
    Annotated,
    Any,
    Literal,
)

import pydantic
import pytest
from pydantic import BaseModel, ConfigDict, Field

from codex_magic.api.schema import target_of
from codex_magic.errors import CodexError, ConfigError, ParseError, SchemaError

from .shapes import ADA, POSITIVE, Loose, Page, Person, Point


def test_every_problem_of_a_type_is_told() -> None:
    """The warning names what is sent, and each path."""
    found = target_of(Loose)

    assert [
        "#/properties/scores: it allows keys that it does not name (additionalProperties)",
        "#/properties/pair: strict mode does not know 'prefixItems' (a tuple of several types)",
        "#/properties/note: it allows any value",
    ] == list(found.problems)
    assert str(found.warning).startswith("Loose is sent with strict: false")
    assert "\n" not in str(found.warning)


def test_a_format_is_what_the_service_takes() -> None:
    """Name, schema, strictness, and the type's own words."""
    assert {
        "type": "json_schema",
        "name": "Person",
        "strict": True,
        "description": "Somebody.",
        "schema": {
            "type": "object",
            "description": "Somebody.",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            "required": ["name", "age"],
            "additionalProperties": False,
        },
    } == target_of(Person).format


def test_a_default_stands_where_the_model_says_nothing() -> None:
    """A field with a default may be null on the wire, and is its default then."""
    text = '{"x": 1, "y": null, "tags": null}'

    assert Point(1, 0.0, []) == target_of(Point).parse(text)


def test_a_null_that_is_meant_stays() -> None:
    """A field that may be None is None, also where its default is something else."""

    class Limit(BaseModel):
        most: int | None = 5

    found = target_of(Limit).parse('{"most": null}')

    assert found.most is None


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (Person, "Person"),
        (Page[Person], "Page_Person"),
        (Page[Page[int]], "Page_Page_int"),
        (list[Person], "list_Person"),
        (Person | None, "Person_None"),
        (str, "str"),
        (POSITIVE, "int"),
        (Annotated[list[Person], Field(max_length=3)], "list_Person"),
        (Literal["ä b"], "Literal_b"),
        (Literal[tuple("abcdefghijklmnopqrstuvwxyz")], "Literal_a_b_c_d_e_f_g_h_i_j_k_l"),
        ({"type": "object"}, "answer"),
        ({"type": "object", "title": "A point, of two"}, "A_point_of_two"),
    ],
    ids=str,
)
def test_a_name_is_one_that_services_take(wanted: Any, name: str) -> None:
    """Letters, digits, _ and -, 64 at most."""
    found = target_of(wanted).name

    assert found.startswith(name)
    assert 1 <= len(found) <= 64
    assert found.isascii()
    assert found.replace("_", "").replace("-", "").isalnum()


def test_a_caller_may_name_it() -> None:
    """The given name wins, made valid."""
    assert "my_answer" == target_of(Person, name="my answer").format["name"]


def test_llama_cpp_gets_the_chat_shape() -> None:
    """The schema lies under json_schema, without what its grammar refuses."""

    class Code(BaseModel):
        loose: str = Field(pattern="[A-Z]+")
        whole: str = Field(pattern="^[A-Z]+$")
        title: set[int]
        more: dict[str, int]

    found = target_of(Code).response_format

    assert "json_schema" == found["type"]
    assert {"name", "schema", "strict"} == {*found["json_schema"]}
    assert {
        "loose": {"type": "string"},
        "whole": {"type": "string", "pattern": "^[A-Z]+$"},
        "title": {"type": "array", "items": {"type": "integer"}},
        "more": {"type": "object", "additionalProperties": {"type": "integer"}},
    } == found["json_schema"]["schema"]["properties"]


def test_a_json_schema_gives_decoded_json() -> None:
    """What a plain schema describes comes back as dicts and lists, without added nulls."""
    schema = {
        "type": "array",
        "items": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}},
    }
    strict = {"type": "array", "items": {"properties": {"a": {"type": "integer"}}}}

    assert [{"a": 1}] == target_of(schema).parse('{"value": [{"a": 1}]}')
    assert [{}] == target_of(strict).parse('{"value": [{"a": null}]}')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("Hello", "it is no JSON"),
        ('{"name": "Ada"', "it is no JSON"),
        ('{"name": "Ada", "age": 36} and more', "Extra data"),
        ("9" * 200_000, "it is no JSON"),
        ("[" * 200_000, "nested too deeply"),
        ('{"name": "Ada"}', "age: Field required"),
        ('{"name": "Ada", "age": "x"}', "age: Input should be a valid integer"),
        ('{"name": 1, "age": "x"}', "; age:"),
        ('{"name": "\\ud800", "age": 1}', "Person"),
        ("[]", "it: Input should be an object"),
    ],
)
def test_a_text_that_is_something_else_is_told_in_one_line(text: str, reason: str) -> None:
    """The error says what is wrong, and keeps the text."""
    with pytest.raises(ParseError) as caught:
        target_of(Person).parse(text)

    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert text == caught.value.text
    assert isinstance(caught.value, CodexError)


def test_an_error_of_many_fields_shows_some() -> None:
    """Three are told, the others counted."""
    with pytest.raises(ParseError, match="and 2 more") as caught:
        target_of(list[int]).parse('{"value": ["a", "b", "c", "d", "e"]}')

    assert "0: Input" in str(caught.value)
    assert "3: Input" not in str(caught.value)


def test_a_validator_of_the_user_has_its_say() -> None:
    """A ValueError in it makes the answer invalid, with its words."""

    class Even(BaseModel):
        number: int

        @pydantic.field_validator("number")
        @classmethod
        def check(cls, number: int) -> int:
            """Refuse what is odd."""
            if number % 2:
                raise ValueError("it is odd")
            return number

    with pytest.raises(ParseError, match="number: Value error, it is odd"):
        target_of(Even).parse('{"number": 3}')


def test_a_missing_wrapper_is_told() -> None:
    """A service that enforces the schema cannot leave it out."""
    with pytest.raises(ParseError, match="'value'"):
        target_of(list[int]).parse("[1]")


WRITTEN = '{"name": "Ada", "age": 36}'


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        f"```json\n{WRITTEN}\n```",
        f"```\n{WRITTEN}```",
        f"Here it is:\n\n```JSON\n{WRITTEN}\n```\nAnything else?",
        f"<think>\nA person, {{}}…\n</think>\n\n{WRITTEN}",
        f"<think>```json\n{{}}\n```</think>```json\n{WRITTEN}\n```",
        f"Thoughts whose begin the template has eaten.\n</think>\n{WRITTEN}",
        f"First\n```python\nprint(1)\n```\nthen\n```json\n{WRITTEN}\n```",
    ],
)
def test_json_between_other_words_counts_leniently(text: str) -> None:
    """Fences and thoughts are taken away."""
    target = target_of(Person)

    assert ADA == target.parse(text, lenient=True)
    if text != WRITTEN:
        with pytest.raises(ParseError):
            target.parse(text)


@pytest.mark.parametrize("name", ["```json\n{}\n```", "<think>x</think>", "a</think>b", "<think>"])
def test_a_fence_in_a_string_stays(name: str) -> None:
    """What is JSON already is not searched for other JSON."""
    text = json.dumps({"name": name, "age": 1})

    assert Person(name=name, age=1) == target_of(Person).parse(text, lenient=True)


def test_only_thoughts_are_no_answer() -> None:
    """A model that was cut off while it thought has said nothing."""
    with pytest.raises(ParseError, match="no JSON"):
        target_of(Person).parse(f"<think>{WRITTEN}", lenient=True)


def test_a_wrapper_may_be_missing_leniently() -> None:
    """A service that enforces nothing has not shown it to the model."""
    target = target_of(list[int])

    assert [1] == target.parse("```json\n[1]\n```", lenient=True)
    assert [1] == target.parse('{"value": [1]}', lenient=True)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (42, "42 cannot describe an answer"),
        (None, "it is no type"),
        ("Person", "it is no type"),
        (ADA, "Person"),
        (lambda: None, "cannot describe"),
        (open, "cannot describe"),
        (type("Plain", (), {}), "Plain"),
        (list["Missing"], "Missing"),  # type: ignore[name-defined]  # noqa: F821 - it is missing.
        ({"type": "object", "properties": {"a": {1, 2}}}, "not JSON serializable"),
    ],
    ids=["number", "None", "text", "value", "lambda", "builtin", "class", "missing", "schema"],
)
def test_what_is_no_type_is_refused(wanted: Any, reason: str) -> None:
    """One line says so; it is a TypeError too, as codex-open-client has it."""
    with pytest.raises(SchemaError) as caught:
        target_of(wanted)

    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, CodexError)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_malformed_json_schema_is_refused_or_named() -> None:
    """Nothing in it makes an error of another kind."""
    odds: list[Any] = [[], None, 3, "x"]
    for odd in odds:
        for keyword in (
            "properties",
            "required",
            "items",
            "anyOf",
            "allOf",
            "type",
            "enum",
            "$ref",
        ):
            try:
                target = target_of({"type": "object", "properties": {"a": {keyword: odd}}})
            except SchemaError:
                continue
            assert {} == target.parse("{}")


def test_without_pydantic_a_type_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A JSON schema works all the same."""
    monkeypatch.setitem(sys.modules, "pydantic", None)
    monkeypatch.delitem(sys.modules, "codex_magic.api.schema_types")

    with pytest.raises(ConfigError, match=r'pip install "codex-magic\[schema\]"'):
        target_of(Person)

    assert {} == target_of({"type": "object", "properties": {}}).parse("{}")


def test_a_default_that_is_no_json_is_no_warning() -> None:
    """Defaults are not sent, so that nobody need hear of them."""

    class Odd(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)

        day: int = Field(default=object())  # type: ignore[assignment]

    assert target_of(Odd).problems == ()


def test_a_target_is_a_value() -> None:
    """It cannot be changed, and its format is made anew."""
    target = target_of(Person)

    with pytest.raises(dataclasses.FrozenInstanceError):
        target.name = "x"  # type: ignore[misc]
    assert "Target(name='Person')" == repr(target)
