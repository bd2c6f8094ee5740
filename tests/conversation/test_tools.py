"""Python functions as tools: their schemas, their calls, and what cannot be one."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import json
import random
import subprocess
import sys
from typing import Annotated, Any

import pytest
from openai.lib._pydantic import _ensure_strict_json_schema
from pydantic_core import to_jsonable_python

from codex_magic.api.tool_forms import tools_of
from codex_magic.conversation.tool_signatures import InvalidArguments
from codex_magic.conversation.tools import Tool, tool, tool_of, validate
from codex_magic.errors import ToolError
from tests.api.strictness import check, fits, violations
from tests.counts import count

from .examples import example
from .tool_cases import FUNCTIONS, IMPOSSIBLE, LOOSE, Case
from .tool_functions import Thermometer, defaulted, described_point, odd, two, waited, whole
from .tool_types import Point


@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_strict_service_takes_the_schema(case: Case) -> None:
    """The rules of strict mode hold, and the official SDK's transformer has nothing to change."""
    form = Tool(case[0]).form

    assert form["strict"] is True
    parameters = json.loads(json.dumps(form["parameters"]))
    check(parameters)
    assert [] == violations(parameters)
    transformed = copy.deepcopy(parameters)
    _ensure_strict_json_schema(transformed, path=(), root=transformed)
    assert parameters == transformed
    assert [form] == tools_of([form]).forms


def test_there_are_enough_signatures() -> None:
    """The functions are at least sixty, and no two have the same signature and types."""
    signatures = {(Tool(case[0]).name, str(inspect.signature(case[0]))) for case in FUNCTIONS}

    assert len(signatures) >= 60


@pytest.mark.parametrize("case", [*FUNCTIONS, *LOOSE])
def test_the_arguments_become_python_values(case: Case) -> None:
    """What the schema describes becomes values of the annotated types, and the function takes them."""
    function, arguments, values = case
    tool = Tool(function)

    found = validate(tool, json.dumps(arguments))

    assert fits(arguments, tool.form["parameters"])
    assert values == found
    assert [type(value) for value in values.values()] == [type(value) for value in found.values()]
    result = tool.run(found)
    if inspect.isawaitable(result):
        asyncio.run(_waited(result))


async def _waited(result: Any) -> None:
    await result


@pytest.mark.parametrize("case", FUNCTIONS)
def test_generated_arguments_go_round(case: Case) -> None:
    """Any arguments that the schema describes are taken, and their values give the same again."""
    tool = Tool(case[0])
    schema = tool.form["parameters"]
    rng = random.Random(7)

    for _ in range(count(100)):
        arguments = example(schema, schema.get("$defs", {}), rng)
        values = validate(tool, json.dumps(arguments))

        assert fits(arguments, schema)
        assert values == validate(tool, to_jsonable_python(values))


@pytest.mark.parametrize("case", LOOSE)
def test_what_strict_mode_cannot_say_is_sent_without_it(case: Case) -> None:
    """The schema is a valid one all the same, and the user is told why it is not enforced."""
    tool = Tool(case[0])

    form = tool.form

    assert form["strict"] is False
    check(form["parameters"])
    assert f"{tool.name} is sent with strict: false." in tool.notices[0]


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_a_type_that_no_model_can_write_is_an_error(case: tuple[Any, str]) -> None:
    """The error names the parameter and the function, in one line."""
    function, parameter = case

    with pytest.raises(ToolError) as caught:
        _ = Tool(function).form

    assert f"No model can give {parameter!r} of {function.__name__!r}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_parameter_with_a_default_that_no_model_can_write_keeps_it() -> None:
    """It is not in the schema, the call works, and the user is told."""

    def draw(x: int, axes: memoryview = memoryview(b"")) -> int:  # noqa: B008
        return x + len(axes)

    tool = Tool(draw)

    assert ["x"] == [*tool.form["parameters"]["properties"]]
    assert 3 == tool.run(validate(tool, '{"x": 3}'))
    assert "draw: the model cannot give 'axes'" in tool.notices[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ('{"a": 1', "no valid JSON"),
        ("[1, 2]", "one JSON object"),
        ('"a"', "one JSON object"),
        ('{"a": 1}', "b: Field required"),
        ("", "a: Field required; b: Field required"),
        ('{"a": 1, "b": "two"}', "b: Input should be a valid integer"),
        ('{"a": 1, "b": null}', "b: Input should be a valid integer"),
        ('{"a": 1, "b": 2, "c": 3}', "there is no argument 'c'; it takes a, b"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_the_model_is_told_what_is_wrong_with_its_arguments(arguments: str, told: str) -> None:
    """Each mistake has one line that says which argument it is, and never shows our code."""
    with pytest.raises(InvalidArguments) as caught:
        validate(Tool(two), arguments)

    assert told in str(caught.value)
    assert "pydantic" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arguments", ["{}", '{"n": null, "name": null}', "null", " "])
def test_what_is_left_out_keeps_its_default(arguments: str) -> None:
    """A null stands for what is absent where the type knows no null."""
    tool = Tool(defaulted)

    assert (5, "Ada") == tool.run(validate(tool, arguments))


def test_a_type_that_raises_something_odd_is_told_to_the_model() -> None:
    """A user's own check of a value may raise anything."""
    with pytest.raises(InvalidArguments, match="2"):
        validate(Tool(odd), '{"odd": {"n": 2}}')


def test_descriptions_come_from_annotations_first_and_then_from_the_docstring() -> None:
    """Each parameter is told once, with its default; a description beside a model is the parameter's."""

    def weigh(
        mass: Annotated[float, "In kilograms."], place: str = "earth", times: int | None = 2
    ) -> float:
        """
        Weigh something.

        Args:
            mass: Not used.
            place: Where it is.
            times: How often.

        Returns:
            Its weight in newtons.
        """
        return mass

    form = Tool(weigh).form
    told = {
        name: part.get("description") for name, part in form["parameters"]["properties"].items()
    }

    assert "Weigh something.\n\nReturns: Its weight in newtons." == form["description"]
    assert {
        "mass": "In kilograms.",
        "place": 'Where it is. (Default: "earth"; null means the default.)',
        "times": "How often. (Default: 2.)",
    } == told
    points = Tool(described_point).form["parameters"]["properties"]
    assert ["Where it begins.", "Where it ends."] == [
        part["description"] for part in points.values()
    ]


def test_a_default_that_may_be_secret_is_not_sent() -> None:
    """Neither a key nor a long text leaves the machine with the schema."""

    def fetch(
        api_key: str = "sk-1",
        url: str = "db://me:pw@host",
        text: str = "x" * 100,
        mode: str = "fast",
        n: int = 3,
    ) -> None: ...

    sent = json.dumps(Tool(fetch).form)

    assert not [part for part in ("sk-1", "pw@", "xxx") if part in sent]
    assert "fast" in sent
    assert "Default: 3" in sent


def test_a_marked_function_is_still_the_function() -> None:
    """It is called, inspected and documented as before, with and without arguments of the mark."""

    @tool
    def add(a: int, b: int = 1) -> int:
        """Add."""
        return a + b

    @tool(name="plus", description="Sum up.", approve=False, timeout=3)
    def other(a: int) -> int:
        return a

    assert 3 == add(2)
    assert "Add." == add.__doc__
    assert "(a: 'int', b: 'int' = 1) -> 'int'" == str(inspect.signature(add))
    assert ("plus", "Sum up.", False, 3) == (
        other.name,
        other.form["description"],
        other.approve,
        other.timeout,
    )
    assert tool_of(add) is add


def test_a_marked_method_belongs_to_its_instance() -> None:
    """The model gives what is left when the instance is known."""

    class Shop:
        def __init__(self, prices: dict[str, float]) -> None:
            self.prices = prices

        @tool
        def price(self, name: str) -> float:
            """Return a price."""
            return self.prices[name]

    shop = Shop({"tea": 2.5})

    with pytest.raises(ToolError, match="Name it on an instance"):
        _ = Shop.price.form
    assert 2.5 == shop.price("tea")
    assert ["name"] == [*shop.price.form["parameters"]["properties"]]
    assert 2.5 == shop.price.run(validate(shop.price, '{"name": "tea"}'))


def test_a_generator_is_run_to_its_end() -> None:
    """The model reads what was yielded, also from an async one."""

    def numbers(n: int) -> Any:
        yield from range(n)

    async def waiting(n: int) -> Any:
        for each in range(n):
            yield each

    async def run() -> Any:
        return await Tool(waiting).run({"n": 2})

    assert [0, 1, 2] == Tool(numbers).run({"n": 3})
    assert [0, 1] == asyncio.run(run())
    assert (False, True) == (Tool(numbers).is_async, Tool(waiting).is_async)


def test_arguments_come_where_the_function_wants_them() -> None:
    """More positional arguments, and unpacked keywords, are given as Python gives them."""

    def gather(a: int, b: int = 2, *more: int, c: int = 3, **named: int) -> Any:
        return a, b, more, c, named

    tool = Tool(gather)

    assert (1, 2, (7, 8), 3, {"x": 9}) == tool.run(
        validate(tool, {"a": 1, "more": [7, 8], "named": {"x": 9}})
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (3, "3 is of type int"),
        (Point, "Point is a class"),
        (lambda x: x, "'<lambda>' is no name for a tool"),
        (max, "does not tell its parameters"),
        (staticmethod(whole), "above @tool"),
    ],
)
def test_what_cannot_be_a_tool_is_said_where_it_is_declared(wrong: Any, told: str) -> None:
    """The error says what it is, and what to do instead."""
    with pytest.raises(ToolError) as caught:
        tool_of(wrong)

    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["größe", "a b", "x" * 65])
def test_a_name_that_no_service_takes_is_refused(name: str) -> None:
    """The user is told how to give another one."""
    with pytest.raises(ToolError, match=r"@tool\(name="):
        tool_of(whole, name)


def test_a_limit_that_is_none_is_refused() -> None:
    """Zero seconds are no time to run in."""
    with pytest.raises(ToolError, match="timeout=0 of 'whole' is not above zero"):
        tool_of(whole, timeout=0)


def test_a_partial_of_an_async_function_is_async() -> None:
    """It runs beside others, like the function."""
    assert (True, False) == (
        Tool(functools.partial(waited, 1)).is_async,
        Tool(functools.partial(two, 1)).is_async,
    )


def test_an_object_tells_what_its_call_is_for() -> None:
    """It has the name of its class, and the docstring of its call."""
    form = Tool(Thermometer(0.0)).form

    assert ("Thermometer", "Measure at a place.") == (form["name"], form["description"])


def test_a_tool_is_marked_without_pydantic() -> None:
    """The mark imports nothing heavy; what needs pydantic says how to install it."""
    program = """
import sys
sys.modules["pydantic"] = None
from codex_magic.conversation.tools import tool
from codex_magic.conversation.tool_finding import tools_for
from codex_magic.errors import ConfigError

@tool
def add(a: int) -> int:
    return a

assert not {"numpy", "pandas", "httpx", "docstring_parser", "docutils"} & set(sys.modules)
assert ["web_search"] == [form["type"] for form in tools_for(["web_search"], {}).forms]
try:
    add.form
except ConfigError as exc:
    print(exc)
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )

    assert "" == found.stderr
    assert 'pip install "codex-magic[schema]"' in found.stdout
