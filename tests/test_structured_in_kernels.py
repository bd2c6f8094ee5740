"""Structured answers in a real kernel: named by the magic, shown as a table, and put into variables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fake_service import FakeService, incomplete, text
from tests.kernels import Kernel, connected, running_kernel

DEFINED = """
from dataclasses import dataclass
from pydantic import BaseModel
from codex_magic import aask, ask

class Curve(BaseModel):
    name: str
    crosses: int

class Both(BaseModel):
    first: Curve
    notes: list[str]

shape = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
answer = "old"
"""
RED = '{"name": "<b>red</b>", "crosses": 2}'
TWO = f'{{"value": [{RED}, {{"name": "$x$", "crosses": 10}}]}}'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService) -> Kernel:
    """The kernel, with the extension loaded anew, connected to the service, and some types."""
    assert "ok" == running.run(connected(service)).status
    assert "ok" == running.run(DEFINED).status
    return running


def printed(kernel: Kernel, code: str) -> str:
    """What a cell prints."""
    return kernel.run(f"print({code})").stdout.strip()


def test_a_model_goes_into_a_variable(kernel: Kernel, service: FakeService) -> None:
    """The object is typed; the cell shows a table, in which nothing of it is markup."""
    service.enqueue(text(RED, chunks=9))

    done = kernel.run("%%codex --schema Curve -o answer\nWhich?")

    assert "ok" == done.status, done.traceback
    assert "Curve(name='<b>red</b>', crosses=2)" == printed(kernel, "repr(answer)")
    [shown] = done.displays
    page, plain = shown["data"]["text/html"], shown["data"]["text/plain"]
    assert '<table class="codex-object">' in page
    assert "&lt;b&gt;red&lt;/b&gt;" in page
    assert "name: <b>red</b>\ncrosses: 2" == plain


def test_a_list_of_models_is_a_table(kernel: Kernel, service: FakeService) -> None:
    """A row for each, numbered as in a DataFrame; shown again by the command, and as one."""
    service.enqueue(text(TWO))

    done = kernel.run("%%codex --schema list[Curve] -o answer\nWhich?")
    again = kernel.run("%codex show")

    assert "['Curve', 'Curve']" == printed(kernel, "[type(one).__name__ for one in answer]")
    for shown in (done.html, again.html):
        assert 3 == shown.count("<tr>")
        assert "2 rows × 2 columns" in shown
        assert "<span>$</span>x<span>$</span>" in shown


def test_an_expression_and_a_dict_are_schemas(kernel: Kernel, service: FakeService) -> None:
    """A JSON schema of the namespace gives decoded JSON; --json any."""
    service.enqueue(text('{"n": 3}'), text('{"value": null}'), text('{"deep": [{"er": 1}, 2]}'))

    kernel.run("%%codex --schema shape -o one -q\nWhich?")
    kernel.run('%%codex --schema "Curve | None" -o two -q\nWhich?')
    done = kernel.run("%%codex --json -o three\nAs JSON?")

    assert "{'n': 3} None {'deep': [{'er': 1}, 2]}" == printed(kernel, "one, two, three")
    assert "deep:" in done.displays[-1]["data"]["text/plain"]


def test_nothing_goes_into_a_variable_by_half(kernel: Kernel, service: FakeService) -> None:
    """A cut or an invalid answer fails the cell; the text stays on the screen."""
    service.enqueue(incomplete(RED), text("No."), text("Never."))

    cut = kernel.run("%%codex --schema Curve -o answer\nWhich?")
    wrong = kernel.run("%%codex --schema Curve -o answer\nWhich?")

    assert ("error", "error") == (cut.status, wrong.status)
    assert cut.traceback[0].startswith("IncompleteError: ")
    assert "crosses" in cut.html
    assert wrong.traceback[0].startswith("ParseError: The answer is not a valid Curve: ")
    assert "Never." in wrong.html
    assert "old" == printed(kernel, "answer")


def test_a_reply_shows_itself(kernel: Kernel, service: FakeService) -> None:
    """As the last value of a cell, also from a cell that awaits; and as a DataFrame."""
    service.enqueue(text(TWO), text(RED))

    done = kernel.run("reply = ask('Which?', schema=list[Curve])\nreply")
    awaited = kernel.run("one = await aask('Which?', schema=Curve)\none.parsed.crosses")
    framed = kernel.run("reply.frame")

    assert "2 rows × 2 columns" in done.html
    assert "2" == awaited.displays[-1]["data"]["text/plain"]
    assert 'class="dataframe"' in framed.html


def test_a_dry_run_shows_the_schema(kernel: Kernel, service: FakeService) -> None:
    """Nothing is sent."""
    done = kernel.run("%%codex --schema Both --dry-run\nWhich?")

    assert "json_schema" in done.displays[0]["data"]["text/plain"]
    assert [] == [r for r in service.requests if r.path == "/v1/responses"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--schema Curvy", "there is no 'Curvy'. Did you mean Curve?"),
        ("--schema Curve --code", "--schema and --json ask for an object"),
        ("--schema answer", "'old' cannot describe an answer"),
    ],
)
def test_what_makes_no_sense_is_said(
    kernel: Kernel, service: FakeService, line: str, said: str
) -> None:
    """In one line, before anything is sent."""
    done = kernel.run(f"%%codex {line}\nWhich?")

    assert "error" == done.status
    assert said in done.traceback[0]
    assert [] == [r for r in service.requests if r.path == "/v1/responses"]
