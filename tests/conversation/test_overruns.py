"""What outgrows the window, what is locked and what waits: the user is told while it is so."""

from __future__ import annotations

import pytest

from codex_magic.conversation import editing
from codex_magic.conversation.repairs import LOCKED
from codex_magic.conversation.session import Notice
from codex_magic.conversation.turns import Conversation, State
from tests.fake_service import Answer, FakeService, error, failed, text

from .talking import STATES, Talk, asked, refusals, seen, take_events, told

WINDOW = "Your input exceeds the context window of this model."
LLAMA: dict[str, object] = {
    "error": {
        "code": 400,
        "type": "exceed_context_size_error",
        "message": "the request exceeds the available context size",
        "n_prompt_tokens": 9000,
        "n_ctx": 4096,
    }
}


@pytest.mark.parametrize(
    ("refused", "much"),
    [
        (error(400, "context_length_exceeded", WINDOW), "(about "),
        (failed("context_length_exceeded", WINDOW), "(about "),
        (
            error(400, None, "…", body=LLAMA),
            "(9,000 tokens are 4,904 more than the 4,096 that fit.)",
        ),
        (
            error(
                400,
                None,
                "This model's maximum context length is 8192 tokens. However, you requested "
                "9192 tokens (8192 in the messages, 1000 in the completion).",
            ),
            "(9,192 tokens are 1,000 more than the 8,192 that fit.)",
        ),
        (
            error(400, None, "The prompt (length 5000) exceeds the max_model_len of 4096."),
            "(5,000 ",
        ),
    ],
)
@pytest.mark.parametrize("state", STATES)
def test_an_overrun_says_by_how_much_and_what_helps(
    talk: Talk, service: FakeService, state: State, refused: Answer, much: str
) -> None:
    """Nothing is left out in silence: the commands that help are named, with the largest turn."""
    service.enqueue(text("A."), text("word " * 4000), text("C."), refused)
    for name in "ABC":
        talk.ask(service, name, state=state)
    found = talk.ask(service, "Next", state=state)

    assert "failed" == found.turn.status
    assert found.error is not None
    assert much in found.error
    assert "%codex compact" in found.error
    assert "%codex hide 2 leaves out its largest turn (about 5,0" in found.error
    assert "\n" not in found.error
    editing.hide(talk.conversation, 2)
    after = talk.ask(service, "Next", state=state)
    assert None is after.error
    assert ["u: A", "a: A.", "u: C", "a: C.", "u: Next"] == seen(service)


def test_a_question_that_is_too_long_by_itself(talk: Talk, service: FakeService) -> None:
    """There is no turn to hide, so none is offered; an image is not counted by its letters."""
    service.enqueue(error(400, "context_length_exceeded", WINDOW))
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{'A' * 40_000}"}
    item = {"type": "message", "role": "user", "content": [image]}
    found = talk.ask(service, "Next", input=(item,))

    assert found.error is not None
    assert "Send less with the question." in found.error
    assert "%codex" not in found.error
    tokens = int(found.error.split("about ")[1].split(" ")[0].replace(",", ""))
    assert 100 > tokens


def test_a_lock_of_another_kernel_is_waited_for(talk: Talk, service: FakeService) -> None:
    """It is said at once, the question is asked when the other is answered, and knows of no other."""
    talk.ask(service, "One", state="conversation")
    other = Conversation("of another kernel", turns=talk.conversation.turns)
    other.link = talk.conversation.link
    service.enqueue(text("There.").hold(after=3), text("Here."))
    first = talk.start(service, "There", state="conversation", conversation=other)
    service.wait_until(lambda: len(asked(service)) == 2 and asked(service)[1].status == 200)
    second = talk.start(service, "Here", state="conversation", retries=0)
    taken: list[object] = []
    while Notice(LOCKED) not in taken:
        assert not second.done, second.future.result(0)
        taken += second.take(0.1)
    service.release()
    ended, there = told(second), told(first)

    assert (None, "completed") == (ended.error, ended.turn.status)
    assert None is there.error
    # What the other one said is in the service's conversation, and not in ours.
    assert ["begun there" in notice for notice in ended.notices if "begun" in notice] == [True]
    assert ["u: One", "u: Here"] == [line for line in seen(service) if line[0] == "u"]
    assert {400} == {status for _, status in refusals(service)}


@pytest.mark.parametrize("state", STATES[1:])
@pytest.mark.parametrize("status", [400, 403])
def test_an_organisation_that_lets_nothing_be_kept(
    talk: Talk, service: FakeService, state: State, status: int
) -> None:
    """Zero data retention: the history is sent instead, that is said once, and learned."""
    words = "Storing is not available for organizations with Zero Data Retention."
    service.enqueue(error(status, None, words))
    first = talk.ask(service, "One", state=state)
    second = talk.ask(service, "Two", state=state)

    assert (None, 1) == (first.error, len(first.notices))
    assert (None, []) == (second.error, second.notices)
    assert ["u: One", "u: Two"] == [line for line in seen(service) if line[0] == "u"]
    assert False is (asked(service)[-1].body or {})["store"]


@pytest.mark.parametrize("state", STATES)
def test_askers_keep_their_order(talk: Talk, service: FakeService, state: State) -> None:
    """Each that waits says so while it waits, and they are answered as they came."""
    service.enqueue(text("0.").hold(after=3), *[text(f"{number}.") for number in (1, 2, 3)])
    first = talk.start(service, "Question 0", state=state)
    taken = take_events(first, 3)
    waiting = []
    for number in (1, 2, 3):
        job = talk.start(service, f"Question {number}", state=state)
        (notice,) = job.take(10)
        assert notice == Notice("The question before it in this conversation goes first.")
        waiting.append(job)
    sent_meanwhile = len(asked(service))
    service.release()
    found = [told(first, taken), *(told(job) for job in waiting)]

    assert 1 == sent_meanwhile
    assert ["0.", "1.", "2.", "3."] == [one.turn.text for one in found]
    prompts = [turn.prompt for turn in talk.conversation.turns]
    assert [f"Question {number}" for number in range(4)] == prompts
    assert [] == refusals(service)
