"""Questions from the cells of a real kernel: what is seen, what is refused, and ``ask()``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.fake_service import FakeService, error, raw, text
from tests.fake_service.summary import words
from tests.kernels import (
    Executed,
    Kernel,
    Message,
    clean_environment,
    connected,
    environment_of,
    running_kernel,
)

HOSTILE = "Look: <script>alert(1)</script> ![x](http://evil.test/x.png) [y](javascript:alert(1))"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService) -> Kernel:
    """The kernel, with the extension loaded anew and connected to the service."""
    assert "ok" == running.run(connected(service)).status
    assert "ok" == running.run("from codex_magic import *").status
    return running


def assert_one_line(executed: Executed, *said: str) -> None:
    """The cell fails with one line, which says all of this."""
    assert "error" == executed.status
    assert 1 == len(executed.traceback)
    assert 1 == len(executed.traceback[0].strip().splitlines())
    for piece in said:
        assert piece in executed.traceback[0]


def prompts(service: FakeService) -> list[str]:
    """What the user said, in what the model saw last."""
    return [words(item) for item in service.requests[-1].context if item.get("role") == "user"]


def test_progress_is_shown_while_the_model_is_silent(kernel: Kernel, service: FakeService) -> None:
    """The stage at once, seconds after a while; both are gone in the end."""
    service.enqueue(text("Answer").hold(after=2))
    seen: list[str] = []

    def release(message: Message) -> None:
        if "waiting" in message.text:
            seen.append(message.text)
        if re.search(r"waiting · [12] s", message.text):
            service.release()

    executed = kernel.run("%%codex\nWhy?", release)

    assert len(seen) >= 2
    assert "gpt-5.4-mini" in seen[0]
    assert "waiting" not in executed.html
    assert 1 == len(executed.outputs)


def test_reasoning_comes_before_the_answer_and_is_folded(
    kernel: Kernel, service: FakeService
) -> None:
    """It is read while it comes, and stands closed above the answer in the end."""
    service.enqueue(text("The answer.", reasoning="**Weighing** it <b>up</b>").hold(after=9))
    seen = False

    def release(message: Message) -> None:
        nonlocal seen
        if "Weighing" in message.text and not seen:
            seen = True
            assert "The answer" not in message.text
            service.release()

    executed = kernel.run("%%codex\nWhy?", release)

    assert seen
    html = executed.html
    assert "<details" in html
    assert "open" not in html[html.index("<details") : html.index("<summary")]
    assert html.index("Weighing") < html.index("</details>") < html.index("The answer")
    assert "<b>up" not in html
    assert "The answer." == executed.displays[0]["data"]["text/plain"]


def test_the_footer_tells_what_it_took(kernel: Kernel, service: FakeService) -> None:
    """Model, tokens read, cached, written and thought, seconds, and what was sent."""
    usage = {
        "input_tokens": 2140,
        "input_tokens_details": {"cached_tokens": 1024},
        "output_tokens": 300,
        "output_tokens_details": {"reasoning_tokens": 128},
        "total_tokens": 2440,
    }
    kernel.run("%codex ask -q One")
    service.enqueue(text("Answer", usage=usage))

    html = kernel.run("%%codex\nTwo").html

    assert "gpt-5.4-mini · 2.1k in (1.0k cached) · 300 out (128 reasoning) · " in html
    assert re.search(r"· \d+\.\d s · sent: the prompt, 1 earlier turn", html)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error(401, "invalid_api_key", "Incorrect API key provided: sk-abcdefghijklmnop."), "AuthError"),
        (error(429, "insufficient_quota", "You exceeded your current quota."), "QuotaExceeded"),
        (error(400, "bad", "First line.\nSecond line.\n\nThird."), "First line."),
        (error(404, None, "", body="<html><body>\n<h1>Not\nFound</h1></body></html>"), "Not Found"),
        (error(400, "bad", "Clear \x1b[2J\x1b[31mred"), "Clear"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line(
    kernel: Kernel, service: FakeService, answer: object, said: str
) -> None:
    """Whatever the service answers: no key in it, no escape sequence, nothing left below it."""
    service.enqueue(answer)  # type: ignore[arg-type]

    executed = kernel.run("%%codex\nWhy?")

    assert_one_line(executed, said)
    assert "ijklmnop" not in executed.traceback[0]
    assert "\x1b" not in executed.traceback[0]
    assert [] == executed.displays


def test_a_model_that_was_named_is_not_replaced(kernel: Kernel, service: FakeService) -> None:
    """The error names live models instead."""
    executed = kernel.run("%%codex --model gpt-9\nWhy?")

    assert_one_line(executed, "gpt-9", "gpt-5.4-mini")
    assert {"gpt-9"} == {r.body["model"] for r in service.requests if r.body}


def test_nobody_answers(kernel: Kernel) -> None:
    """An address where no service is gives one line, soon."""
    kernel.run("%codex config base_url=http://127.0.0.1:9/v1 max_retries=0")

    executed = kernel.run("%%codex\nWhy?")

    assert_one_line(executed, "127.0.0.1")
    assert executed.seconds < 10


def test_a_wrong_key_is_not_shown(kernel: Kernel, service: FakeService) -> None:
    """The service quotes it, we do not."""
    kernel.run("os.environ['OPENAI_API_KEY'] = 'sk-wrong-0123456789'")

    executed = kernel.run("%%codex\nWhy?")

    assert_one_line(executed, "AuthError")
    assert "0123456789" not in repr(executed)


def test_a_line_between_other_code(kernel: Kernel, service: FakeService) -> None:
    """What the cell shows besides stays, and the last value is shown as ever."""
    executed = kernel.run("print('before')\n%codex ask It's in the middle?\nprint('after')\n6 * 7")

    assert ["It's in the middle?"] == prompts(service)
    assert "before\nafter\n" == executed.stdout
    assert "42" == executed.displays[-1]["data"]["text/plain"]
    assert "Seen 1 user messages" in executed.html


def test_an_assigned_answer_is_shown_once(kernel: Kernel, service: FakeService) -> None:
    """`x = %codex ask …` shows the answer and gives the reply; so does the line alone, last."""
    assigned = kernel.run("x = %codex ask Why?\nprint(x.text == str(x), x.status)")
    last = kernel.run("y = 1\n%codex ask Why not?")

    assert "True completed\n" == assigned.stdout
    assert 1 == assigned.html.count("sent: the prompt")
    assert 1 == last.html.count("sent: the prompt")


def test_a_cell_that_calls_the_magic_keeps_its_outputs(
    kernel: Kernel, service: FakeService
) -> None:
    """Several questions in one cell leave several answers, and what was printed."""
    service.enqueue(text("First answer"), text("Second answer"))

    executed = kernel.run(
        "for number in range(2):\n"
        "    print(number)\n"
        "    get_ipython().run_cell_magic('codex', '', f'Question {number}')"
    )

    assert "0\n1\n" == executed.stdout
    assert "First answer" in executed.html
    assert "Second answer" in executed.html


def test_ask_shows_its_reply_once(kernel: Kernel, service: FakeService) -> None:
    """As the last value one clean output; elsewhere nothing."""
    service.enqueue(text("Quiet *answer*"))

    executed = kernel.run("other = ask('One?')\nask('Two?')")

    (output,) = executed.outputs
    assert {"text/html", "text/plain"} == set(output["data"])
    assert "Seen 2 user messages" in output["data"]["text/plain"]


def test_ask_that_streams_is_not_shown_twice(kernel: Kernel, service: FakeService) -> None:
    """In its own cell it was seen already; in a later one it is shown again."""
    service.enqueue(text("Streamed answer"))

    executed = kernel.run("reply = ask('One?', quiet=False)\nreply")
    later = kernel.run("reply")

    assert 1 == executed.html.count("Streamed answer")
    assert 1 == later.html.count("Streamed answer")


def test_two_awaited_questions_do_not_mix(kernel: Kernel, service: FakeService) -> None:
    """Gathered questions take turns: each answer belongs to its question."""
    executed = kernel.run(
        "import asyncio\n"
        "one, two = await asyncio.gather(aask('Number one'), aask('Number two'))\n"
        "print(one.text); print(two.text)\n"
        "(await aask('Three')).text"
    )

    first, second = executed.stdout.splitlines()
    assert "Last: 'Number one'" in first
    assert "Last: 'Number two'" in second
    assert "Seen 3 user messages" in executed.displays[0]["data"]["text/plain"]
    assert {"Number one", "Number two", "Three"} == set(prompts(service))


def test_a_bare_response_is_shown_safely(kernel: Kernel, service: FakeService) -> None:
    """A response of CodexClient as the last value goes the way of our answers."""
    service.enqueue(text(HOSTILE))

    executed = kernel.run(
        "CodexClient(base_url=os.environ['OPENAI_BASE_URL'])"
        ".responses.create(model='gpt-5.4-mini', input='Hello!')"
    )

    (output,) = executed.outputs
    html = output["data"]["text/html"]
    assert HOSTILE == output["data"]["text/plain"]
    assert {"text/html", "text/plain"} == set(output["data"])
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_an_answer_with_half_an_emoji(kernel: Kernel, service: FakeService) -> None:
    """Text that is no UTF-8 is shown, remembered and sent again without an error."""
    delta = '{"type":"response.output_text.delta","item_id":"m","output_index":0,"delta":"Half \\ud83d"}'
    done = (
        '{"type":"response.completed","response":{"id":"resp_1","status":"completed",'
        '"model":"gpt-5.4-mini","output":[{"id":"m","type":"message","role":"assistant",'
        '"status":"completed","content":[{"type":"output_text","text":"Half \\ud83d","annotations":[]}]}]}}'
    )
    service.enqueue(raw(f"data: {delta}\n\ndata: {done}\n\n".encode()))

    executed = kernel.run("%%codex\nWhy?")
    printed = kernel.run("%codex history")
    after = kernel.run("%%codex\nGo on")

    assert "ok" == executed.status, executed.error
    assert executed.displays[0]["data"]["text/plain"].startswith("Half ")
    assert ("ok", "ok") == (printed.status, after.status), (printed.error, after.error)


def test_captured_output(kernel: Kernel, service: FakeService) -> None:
    """%%capture keeps one output, the answer as it ends."""
    service.enqueue(text("Captured answer", chunks=8).pause(0.05))

    executed = kernel.run("%%capture kept\nprint('before')\n%codex ask Why?")
    looked = kernel.run("print(sum(bool(output.data) for output in kept.outputs)); kept.show()")

    assert ("ok", []) == (executed.status, executed.outputs)
    assert "1\nbefore\n" == looked.stdout
    assert 1 == looked.html.count("Captured answer")


@pytest.mark.parametrize(
    "code",
    ["%%time\n%%codex\nWhy?", "%%time\n%codex ask Why?", "%time x = %codex ask Why", "%%prun -q\n%codex ask Why?"],
)  # fmt: skip
def test_wrapped_in_another_magic(kernel: Kernel, service: FakeService, code: str) -> None:
    """The question is asked, the answer is seen, and so is what the other magic says."""
    executed = kernel.run(code)

    assert "ok" == executed.status, executed.error
    assert ["Why"] == [prompt.rstrip("?") for prompt in prompts(service)]
    assert 1 == executed.html.count("Seen 1 user messages")
    assert "Wall time" in executed.stdout or "prun" in code


def notebook(*cells: str) -> Any:
    """A notebook with these code cells."""
    v4: Any = nbformat.v4
    return v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])


def execute(folder: Path, service: FakeService, book: Any) -> None:
    """Run a notebook as `jupyter execute` does."""
    environment = clean_environment(folder, **environment_of(service))
    NotebookClient(book, timeout=60).execute(env=environment, cwd=str(folder))


def test_a_notebook_without_a_front_end(tmp_path: Path, service: FakeService) -> None:
    """nbclient saves one clean output for each question, with no id of a display."""
    service.enqueue(text("**Answer**", chunks=10, reasoning="Thinking").pause(0.05))
    book = notebook(
        "%load_ext codex_magic", "%codex config model=gpt-5.4-mini", "%%codex\nWhy?", "%codex ask And?"
    )  # fmt: skip

    execute(tmp_path, service, book)

    assert [] == book.cells[0].outputs
    for cell in book.cells[2:]:
        (output,) = cell.outputs
        assert {"text/html", "text/plain"} == set(output.data)
        assert "codex_magic" in output.metadata
    assert "**Answer**" == book.cells[2].outputs[0].data["text/plain"]
    nbformat.validate(book)


def test_run_all_stops_at_an_error(tmp_path: Path, service: FakeService) -> None:
    """The cells after a question that failed do not run."""
    service.enqueue(error(400, "bad", "This cannot be."))
    book = notebook("%load_ext codex_magic", "%%codex\nWhy?", "print('never')")

    with pytest.raises(CellExecutionError, match="This cannot be"):
        execute(tmp_path, service, book)

    assert [] == book.cells[2].outputs
