"""The commands and the options of ``%codex``, in a real kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from codex_magic.commands import COMMANDS
from codex_magic.options import OPTIONS
from tests.fake_service import FakeService, error, in_stream_error, incomplete, text
from tests.fake_service.summary import words
from tests.kernels import Executed, Kernel, connected, running_kernel


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService) -> Kernel:
    """The kernel, with the extension loaded anew and connected to the service."""
    assert "ok" == running.run(connected(service)).status
    return running


def prompts(service: FakeService) -> list[str]:
    """What the user said, in what the model saw last."""
    return [words(item) for item in service.requests[-1].context if item.get("role") == "user"]


def assert_one_line(executed: Executed, *said: str) -> None:
    """The cell fails with one line, which says all of this, and shows nothing else."""
    assert "error" == executed.status
    assert 1 == len(executed.traceback)
    assert "\n" not in executed.traceback[0].strip()
    for piece in said:
        assert piece in executed.traceback[0]


def test_quiet_shows_nothing(kernel: Kernel, service: FakeService) -> None:
    """The question is asked, the answer is remembered, and the cell stays empty."""
    executed = kernel.run("%%codex -q\nWhy?")

    assert ("ok", []) == (executed.status, executed.outputs)
    assert ["Why?"] == prompts(service)


def test_raw_shows_the_source(kernel: Kernel, service: FakeService) -> None:
    """The Markdown is printed as it came."""
    service.enqueue(text("# Title\n\n**bold** \x1b[2J end"))

    executed = kernel.run("%%codex --raw\nWhy?")

    assert "# Title\n\n**bold** [2J end\n" == executed.stdout
    assert [] == executed.displays


def test_out_takes_the_text(kernel: Kernel, service: FakeService) -> None:
    """-o puts the Markdown into a variable, unchanged."""
    service.enqueue(text("  *Answer*\n"))

    kernel.run("%%codex -q -o answer\nWhy?")

    assert "'  *Answer*\\n'" in kernel.run("print(repr(answer))").stdout


def test_out_takes_no_half_answer(kernel: Kernel, service: FakeService) -> None:
    """A broken stream fails the cell, keeps the words on screen, and leaves the variable alone."""
    kernel.run("answer = 'old'")
    service.enqueue(text("Half of it, and the rest.", chunks=10).cut_after(8))

    executed = kernel.run("%%codex -o answer\nWhy?")

    assert_one_line(executed, "What arrived is kept")
    (shown,) = executed.displays
    assert shown["data"]["text/plain"].startswith("Half of it")
    assert "old\n" == kernel.run("print(answer)").stdout


@pytest.mark.parametrize("shape", ["nested", "flat", "bare"])
def test_an_error_in_mid_stream_keeps_the_words(
    kernel: Kernel, service: FakeService, shape: Any
) -> None:
    """In whatever form the service says so; and the next question carries the partial answer."""
    service.enqueue(in_stream_error(shape, after=6, text="These words arrived."))

    executed = kernel.run("%%codex\nWhy?")
    after = kernel.run("%%codex\nGo on")

    assert_one_line(executed, "is kept")
    assert executed.displays[0]["data"]["text/plain"].startswith("These words")
    assert "ok" == after.status
    assert "These words" in words(service.requests[-1].context[1])


def test_an_incomplete_answer_succeeds_and_says_so(kernel: Kernel, service: FakeService) -> None:
    """A limit that the user set is no failure."""
    service.enqueue(incomplete("So far and"))

    executed = kernel.run("%%codex --max-output-tokens 20\nWhy?")

    assert "ok" == executed.status
    assert "So far and" == executed.displays[0]["data"]["text/plain"]
    assert "--max-output-tokens" in executed.html
    assert "incomplete" in executed.html


LINES = [
    "",
    "--effort low --verbosity high --summary off",
    "--instructions 'Be brief' --service-tier flex --max-output-tokens 50",
    "--once",
    "--new",
    "--chat other",
    "--new --chat third",
    "--state previous_response_id",
    "--new --state previous_response_id",
    "--store",
    '--param \'metadata={"a":"b"}\' --param truncation=auto',
    "--model gpt-5.1",
]


@pytest.mark.parametrize("options", LINES)
def test_a_dry_run_shows_what_would_be_sent(
    kernel: Kernel, service: FakeService, options: str
) -> None:
    """It sends nothing, and shows the very request that the same cell then sends, without the key."""
    kernel.run("%codex ask -q --state previous_response_id First")
    kernel.run("%codex ask -q --chat other In the other")
    kernel.run("%codex ask -q --chat main Second")
    before = len(service.requests)

    dry = kernel.run(f"%%codex {options} --dry-run\nWhy?")
    sent_by_dry = len(service.requests) - before
    kernel.run(f"%%codex -q {options}\nWhy?")

    (output,) = dry.displays
    address, _, shown = output["data"]["text/plain"].partition("\n")
    request, end = json.JSONDecoder().raw_decode(shown)
    assert 0 == sent_by_dry
    assert f"POST {service.base_url}/responses" == address
    assert service.requests[before].body == request
    assert shown[end:].strip().startswith("Nothing is sent · ≈ ")
    assert str(service.api_key) not in str(output)


def test_debug_shows_the_request_and_the_traceback(kernel: Kernel, service: FakeService) -> None:
    """--debug tells all but the key; the cell still fails."""
    service.enqueue(error(400, "bad", "This is not possible."))

    executed = kernel.run("%%codex --debug\nWhy?")

    assert "error" == executed.status
    assert '"input"' in executed.displays[0]["data"]["text/plain"]
    assert "Traceback (most recent call last)" in executed.stdout
    assert "This is not possible." in executed.stdout
    assert str(service.api_key) not in repr(executed)


def test_debug_does_not_take_the_request_away(kernel: Kernel, service: FakeService) -> None:
    """The answer that comes does not clear what was printed before it."""
    executed = kernel.run("%%codex --debug\nWhy?")

    assert '"input"' in executed.displays[0]["data"]["text/plain"]
    assert "Seen 1 user messages" in executed.html


@pytest.mark.parametrize("state", ["stateless", "previous_response_id", "conversation"])
def test_three_turns_in_each_state(kernel: Kernel, service: FakeService, state: str) -> None:
    """The model sees all three questions, whoever keeps them."""
    for number in ("One", "Two", "Three"):
        executed = kernel.run(f"%%codex --state {state}\n{number}")
        assert "ok" == executed.status

    assert ["One", "Two", "Three"] == prompts(service)
    assert "" == executed.stderr


def test_conversations(kernel: Kernel, service: FakeService) -> None:
    """--chat switches, --new begins, --once leaves no trace."""
    kernel.run("%codex ask -q Main one")
    kernel.run("%codex ask -q --chat side Side one")
    kernel.run("%codex ask -q --once Just once")
    once = prompts(service)
    kernel.run("%codex ask -q Side two")
    side = prompts(service)
    kernel.run("%codex ask -q --chat main Main two")
    main = prompts(service)
    kernel.run("%codex ask -q --new Fresh")
    fresh = prompts(service)

    assert ["Just once"] == once
    assert ["Side one", "Side two"] == side
    assert ["Main one", "Main two"] == main
    assert ["Fresh"] == fresh


def test_new_history_and_undo(kernel: Kernel, service: FakeService) -> None:
    """The commands show, take back and leave behind what was said."""
    for word in ("One", "Two", "Three"):
        kernel.run(f"%codex ask -q {word}")
    listed = kernel.run("%codex history").stdout
    last = kernel.run("%codex history -n 1").stdout
    undone = kernel.run("%codex undo 2").stdout
    kernel.run("%codex ask -q Four")
    after_undo = prompts(service)
    begun = kernel.run("%codex new plots").stdout
    empty = kernel.run("%codex history").stdout
    kernel.run("%codex ask -q Five")

    assert all(word in listed for word in ("One", "Two", "Three", "→"))
    assert "Three" in last
    assert "Two" not in last.partition("→")[0]
    assert "Taken back: Two" in undone
    assert ["One", "Four"] == after_undo
    assert "'plots'" in begun
    assert "Nothing was said" in empty
    assert ["Five"] == prompts(service)


def test_show_draws_again(kernel: Kernel, service: FakeService) -> None:
    """The last answer, or the answer of a turn, as one output like the first time."""
    service.enqueue(text("*First*"), text("*Second*"), error(400, "bad", "No."))
    first = kernel.run("%%codex\nOne")
    kernel.run("%%codex\nTwo")
    failed = kernel.run("%%codex\nThree")

    again = kernel.run("%codex show")
    one = kernel.run("%codex show 1")
    wrong = [kernel.run(f"%codex show {number}") for number in ("0", "99", "x")]

    assert "error" == failed.status
    assert "*Second*" == again.displays[0]["data"]["text/plain"]
    assert first.displays == one.displays
    for executed in wrong:
        assert_one_line(executed)


def test_show_without_an_answer(kernel: Kernel) -> None:
    """There is nothing to draw, and the line says so."""
    assert_one_line(kernel.run("%codex show"), "no answer")


def test_show_after_a_quiet_question(kernel: Kernel, service: FakeService) -> None:
    """What -q did not show can be shown later."""
    kernel.run("%%codex -q\nWhy?")

    assert "Seen 1 user messages" in kernel.run("%codex show").html


@pytest.mark.parametrize("line", ["", " status"])
def test_status(kernel: Kernel, service: FakeService, line: str) -> None:
    """Where questions go, to whom, and how much was spent; never the key."""
    kernel.run("%codex ask -q One")

    executed = kernel.run(f"%codex{line}")

    [card] = executed.displays
    for piece in (service.base_url, "gpt-5.4-mini", "OPENAI_API_KEY", "1 turn", "stateless", "≈ $"):
        assert piece in card["data"]["text/plain"]
    assert ">gpt-5.4-mini</td>" in card["data"]["text/html"]
    assert str(service.api_key) not in repr(executed)


def test_config(kernel: Kernel, service: FakeService) -> None:
    """Settings are listed, changed, refused in one line, and used."""
    [shown] = kernel.run("%codex config").displays
    listed = shown["data"]["text/plain"]
    changed = kernel.run('%codex config effort=low instructions="Be brief, it\'s late"').stdout
    kernel.run("%config Codex.verbosity = 'low'")
    kernel.run("%codex ask -q One")
    body = service.requests[-1].body or {}
    wrong = [
        kernel.run(f"%codex config {word}") for word in ("modle=x", "state=gone", "modle", "a='")
    ]

    assert all(name in listed for name in ("model", "state", "timeout", "max_retries"))
    assert "low" in changed
    assert ("low", "low") == (body["reasoning"]["effort"], body["text"]["verbosity"])
    assert "Be brief, it's late" == body["instructions"]
    for executed in wrong:
        assert_one_line(executed)


def test_help_lists_everything(kernel: Kernel, service: FakeService) -> None:
    """Every command and every option has a line."""
    shown = kernel.run("%codex help").stdout

    assert [] == [name for name in COMMANDS if f"\n  {name}" not in shown]
    assert [] == [flag for option in OPTIONS for flag in option.flags if flag not in shown]
    assert [] == service.requests


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%codex stauts", "%codex status"),
        ("%codex wibble", "%codex help"),
        ("%codex ask", "no question"),
        ("%%codex", "no question"),
        ("%%codex -q\n \n", "no question"),
        ("%%codex --modle x\nWhy?", "Did you mean --model?"),
        ("%%codex --effort huge\nWhy?", "huge"),
        ("%%codex --temperature warm\nWhy?", "warm"),
        ("%%codex --model", "needs a value"),
        ("%%codex -o 1x\nWhy?", "1x"),
        ("%%codex --param nothing\nWhy?", "KEY=JSON"),
        ("%%codex --instructions @missing.txt\nWhy?", "missing.txt cannot be read: No such file"),
        ("%%codex --backend nobody\nWhy?", "nobody"),
        ("%%codex --no-store --state conversation\nWhy?", "exclude each other"),
        ("%codex undo many", "many"),
        ("%codex history -n x", "x"),
    ],
)
def test_a_mistake_is_one_line_and_sends_nothing(
    kernel: Kernel, service: FakeService, code: str, said: str
) -> None:
    """The line says what was wrong, or what was meant."""
    executed = kernel.run(code)

    assert_one_line(executed, said)
    assert [] == service.requests
    assert [] == executed.displays


@pytest.mark.parametrize("line", ["why?", "is this right", "explain this", "-q wibble"])
def test_anything_else_is_a_question(kernel: Kernel, service: FakeService, line: str) -> None:
    """One unknown word may be a slip; a question mark, or more words, are a question."""
    executed = kernel.run(f"%codex {line}")

    assert "ok" == executed.status
    assert [line.removeprefix("-q ")] == prompts(service)
