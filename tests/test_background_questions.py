"""``%%codex --background``: asked at once, answered at the service, joined where it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_service import FakeService, error, failed, text
from tests.kernels import PATIENCE, Kernel, connected, running_kernel
from tests.sending import ran
from tests.shells import Shell, connected_shell
from tests.test_commands import prompts


@pytest.fixture
def shell(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell that is connected to the service."""
    with connected_shell(service, monkeypatch) as shell:
        yield shell


def settle(shell: Shell, number: int = 1) -> None:
    """Wait until a job has ended."""
    job = shell.assistant.jobs.all[number - 1]
    job.wait(PATIENCE)
    assert job.done


def said(shell: Shell) -> list[tuple[str, str, str]]:
    """The turns of the conversation: what was asked, how it stands, what was answered."""
    return [(t.prompt, t.status, t.text) for t in shell.assistant.conversation.turns]


def test_it_returns_at_once_and_joins_in_order(shell: Shell, service: FakeService) -> None:
    """Another question is asked and answered meanwhile; the next one carries both, in order."""
    service.enqueue(text("Slow answer.").hold(2), text("Quick answer."))
    begun = shell.run("%codex ask --background Slow?")
    shell.run("%codex ask -q Quick?")
    meanwhile, seen_meanwhile = said(shell), prompts(service)
    listed = shell.run("%codex jobs")
    service.release()
    settle(shell)
    shell.run("%codex ask -q And now?")

    assert "%codex jobs" in begun
    assert [("Slow?", "running", ""), ("Quick?", "completed", "Quick answer.")] == meanwhile
    assert ["Quick?"] == seen_meanwhile
    assert "Slow?" in listed
    assert ("Slow?", "completed", "Slow answer.") == said(shell)[0]
    assert ["Slow?", "Quick?", "And now?"] == prompts(service)
    assert "Slow answer." in shell.run("%codex show 1")


def test_what_is_asked(shell: Shell, service: FakeService) -> None:
    """In the background, kept by the service as long as it has to be, and then deleted there."""
    shell.run("%codex ask --background Why?")
    settle(shell)

    body = service.requests[0].body or {}
    assert (True, True) == (body["background"], body["store"])
    assert ("DELETE", f"/v1/responses/{shell.assistant.jobs.all[0].response_id}") == (
        service.requests[-1].method,
        service.requests[-1].path,
    )
    assert {} == service.responses
    assert not shell.assistant.conversation.turns[0].stored


@pytest.mark.parametrize("options", ["--store", "--state previous_response_id"])
def test_what_is_to_stay_stays(shell: Shell, service: FakeService, options: str) -> None:
    """An answer that the service is to keep is not deleted there."""
    shell.run(f"%codex ask --background {options} Why?")
    settle(shell)

    assert [shell.assistant.jobs.all[0].response_id] == list(service.responses)


@pytest.mark.parametrize("state", ["stateless", "previous_response_id", "conversation"])
def test_each_state_goes_on(shell: Shell, service: FakeService, state: str) -> None:
    """The question after it knows it, whoever keeps the conversation."""
    shell.run(f"%codex config state={state}")
    shell.run("%codex ask -q One")
    service.enqueue(text("Slow answer.").hold(2))
    shell.run("%codex ask --background Two")
    shell.run("%codex ask -q Three")
    service.release()
    settle(shell)
    shell.run("%codex ask -q Four")

    assert ["One", "Two", "Three", "Four"] == prompts(service)


def test_a_broken_stream_is_taken_up_again(shell: Shell, service: FakeService) -> None:
    """The service makes the answer whether anybody listens or not: it is whole."""
    service.enqueue(text("All of the answer.", chunks=8).cut_after(6))
    shell.run("%codex ask --background Why?")
    settle(shell)

    resumed = [request.query for request in service.requests if "starting_after" in request.query]
    assert 1 == len(resumed)
    assert [("Why?", "completed", "All of the answer.")] == said(shell)


def test_a_stream_that_cannot_be_taken_up_is_polled(shell: Shell, service: FakeService) -> None:
    """Where the rest of the stream is refused, the answer is looked for until it is there."""
    service.steps[:] = ["in_progress"]
    service.enqueue(text("All of the answer.", chunks=8).cut_after(6))
    service.enqueue_resumed(error(400, "no_stream", "This response cannot be streamed."))
    shell.run("%codex ask --background Why?")
    settle(shell)

    assert [("Why?", "completed", "All of the answer.")] == said(shell)


def test_a_failure_is_told_by_jobs(shell: Shell, service: FakeService) -> None:
    """There is no cell that could fail; nothing of it is sent with later questions."""
    service.enqueue(failed("invalid_prompt", "It broke.").hold(1))
    shell.run("%codex ask --background Why?")
    service.release()
    settle(shell)
    listed = shell.run("%codex jobs")
    shell.run("%codex ask -q Again?")

    assert "It broke." in listed
    assert ["Again?"] == prompts(service)


def test_a_refusal_fails_the_cell(shell: Shell, service: FakeService) -> None:
    """What the service takes nothing of is no job."""
    service.enqueue(error(400, "bad", "Not possible."))

    assert "Not possible." in shell.fails("%codex ask --background Why?")
    assert [] == shell.assistant.jobs.all


def test_an_answer_on_its_way_is_not_continued(shell: Shell, service: FakeService) -> None:
    """It is no answer that was cut: nothing is asked, and it still arrives."""
    service.enqueue(text("Slow answer.").hold(2))
    shell.run("%codex ask --background Slow?")
    refused = shell.fails("%codex continue")
    service.release()
    settle(shell)

    assert "on its way" in refused
    assert "%codex jobs" in refused
    assert [("Slow?", "completed", "Slow answer.")] == said(shell)


def test_cancel(shell: Shell, service: FakeService) -> None:
    """The service is told; the question stays, without an answer, and others go on."""
    service.enqueue(text("Slow answer.").hold(2))
    shell.run("%codex ask --background Slow?")
    told = shell.run("%codex cancel")
    shell.run("%codex ask -q Quick?")

    cancels = [each.path for each in service.requests if each.path.endswith("/cancel")]
    assert [f"/v1/responses/{shell.assistant.jobs.all[0].response_id}/cancel"] == cancels
    assert "Cancelled: Slow?" in told
    assert ("Slow?", "failed", "") == said(shell)[0]
    assert ["Quick?"] == prompts(service)
    assert "Nothing runs" in shell.fails("%codex cancel")
    assert "Nothing is called 'x'" in shell.fails("%codex cancel x")


def test_one_of_several_is_cancelled_by_number(shell: Shell, service: FakeService) -> None:
    """Which one is said; the other comes to its end."""
    service.enqueue(text("One.").hold(2), text("Two.").hold(2))
    shell.run("%codex ask --background First?")
    shell.run("%codex ask --background Second?")
    unclear = shell.fails("%codex cancel")
    shell.run("%codex cancel 1")
    service.release(2)
    settle(shell, 2)

    assert "2 are running: 1, 2" in unclear
    assert ["failed", "completed"] == [status for _, status, _ in said(shell)]


def test_another_kernel_fetches_it(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel that asked is gone; what the service made of it joins the conversation."""
    with connected_shell(service, monkeypatch) as first:
        first.run("%codex ask -q One")
        service.steps[:] = ["in_progress"]
        service.enqueue(text("Slow answer.").hold(2))
        first.run("%codex ask --background Slow?")
    service.release()
    with connected_shell(service, monkeypatch) as second:
        looked = second.run("%codex jobs")
        fetched = second.run("%codex jobs")
        again = second.run("%codex jobs")
        second.run("%codex switch main")
        second.run("%codex ask -q Two")

    assert "in_progress" in looked
    assert "completed" in fetched
    assert "Nothing is asked" in again
    assert ["One", "Slow?", "Two"] == prompts(service)


def test_what_the_service_lost_is_said_once(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is gone there does not come up for ever."""
    service.enqueue(text("Slow answer.").hold(2))
    with connected_shell(service, monkeypatch) as first:
        first.run("%codex ask --background Slow?")
    service.responses.clear()
    with connected_shell(service, monkeypatch) as second:
        told = second.run("%codex jobs")
        again = second.run("%codex jobs")

    assert "no longer has it" in told
    assert "Nothing is asked" in again


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--no-store", "--no-store and --background"),
        ("--once", "--once"),
        ("--json", "--schema"),
        ("--code", "--code"),
        ("-o x", "--out"),
        ("-t list_names", "functions of this kernel"),
        ("--param background=true", "use --background"),
    ],
)
def test_what_cannot_go_together(
    shell: Shell, service: FakeService, options: str, said: str
) -> None:
    """One line, and nothing is sent."""
    line = shell.fails(
        f"%codex ask {options} Why?"
        if "param" in options
        else f"%codex ask --background {options} Why?"
    )

    assert said in line
    assert [] == service.requests


@pytest.mark.parametrize("backend", ["ollama", "llama.cpp", "lmstudio", "transformers", "local"])
def test_services_that_cannot(shell: Shell, service: FakeService, backend: str) -> None:
    """They are refused by the table, before anything is sent or started."""
    address = "" if backend == "local" else f"base_url={service.base_url}"
    shell.run(f"%codex config base_url= backend={backend} {address} model=gpt-5.1-codex-mini")

    assert "answers nothing in the background" in shell.fails("%codex ask --background Why?")
    assert [] == service.requests


def test_in_a_kernel_the_answer_takes_the_lines_place(tmp_path: Path, service: FakeService) -> None:
    """A bar and a line below the cell, then the answer there; a re-run takes its turn's place."""
    with running_kernel(tmp_path / "kernel") as kernel:
        ran(kernel, connected(service))
        service.enqueue(text("*Slow* answer.").hold(2))
        asked = kernel.run("%%codex --background\nSlow?", cell_id="one")
        ran(kernel, "%codex ask -q Quick?")
        service.release()
        shown = _until_shown(kernel, asked.displays[0])
        service.enqueue(text("Better answer."))
        kernel.run("%%codex --background\nSlow?", cell_id="one")
        turns = _until(kernel, "Better answer.")

    assert "<progress></progress>" in asked.html
    assert "%codex cancel 1" in asked.html
    assert "*Slow* answer." == shown
    assert ["Quick?", "Slow?"] == turns


WAIT = """
import time
from codex_magic.functions import current_assistant
assistant = current_assistant()
for job in assistant.jobs.all:
    job.wait(20)
    job.draw()
"""


def _until_shown(kernel: Kernel, display: Any) -> str:
    """Wait for the end of a job; return what its cell shows then."""
    done = ran(kernel, WAIT)
    updates = done.published("update_display_data")
    return str(updates[-1].content["data"]["text/plain"])


def _until(kernel: Kernel, text: str) -> list[str]:
    """Wait for the end of all jobs; return what was asked, in the order of the conversation."""
    ran(kernel, WAIT)
    shown = ran(
        kernel,
        "print([t.prompt for t in assistant.conversation.turns], assistant.replies[-1].text)",
    )
    assert text in shown.stdout
    found: list[str] = eval(shown.stdout.rpartition("]")[0] + "]")
    return found
