"""A Reply grows with what happens, and knows how to show itself."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.api.calls import Retry
from codex_magic.api.events import parse_event
from codex_magic.conversation.session import Asking, Ended, Notice
from codex_magic.conversation.turns import Plan, Turn
from codex_magic.display.progress import status_line
from codex_magic.display.reply import Reply
from codex_magic.errors import APIError


def event(kind: str, **fields: Any) -> Any:
    """Return an event of a stream, as the wire has it."""
    return parse_event({"type": f"response.{kind}", "output_index": 0, "item_id": "m", **fields})


def delta(text: str, **fields: Any) -> Any:
    """Return an event with words."""
    return event("output_text.delta", delta=text, content_index=0, **fields)


def thought(text: str, part: int = 0) -> Any:
    """Return an event with words of the reasoning summary."""
    return event("reasoning_summary_text.delta", delta=text, summary_index=part)


def ended(text: str, *, status: str = "completed", **fields: Any) -> Ended:
    """Return the end of a question with this answer."""
    message = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    body = {"id": "resp_1", "status": status, "model": "m-1", "output": [message], **fields}
    response = event("completed", response=body).response
    return Ended(Turn("Why?", (), status=status, text=text, model="m-1"), response)  # type: ignore[arg-type]


def grown(*signals: Any) -> Reply:
    """Return a reply after these signals."""
    reply = Reply("Why?", model="m-0")
    for signal in signals:
        reply.apply(signal)
    return reply


def test_it_grows() -> None:
    """Words and thoughts are there as soon as they arrive, each in its own place."""
    reply = grown(thought("I think"), delta("So "), delta("it is."))

    assert ("So it is.", "I think") == (reply.text, reply.reasoning)
    assert "running" == reply.status
    assert ("is.", 9) == reply.text_after(6)
    assert ("think", 7) == reply.reasoning_after(2)


def test_parts_are_set_apart() -> None:
    """Two parts of a summary, and two messages, are paragraphs; one message is one text."""
    reply = grown(
        thought("One", 0), thought("Two", 1), delta("a"), delta("b"), delta("c", item_id="n")
    )  # fmt: skip

    assert "One\n\nTwo" == reply.reasoning
    assert "ab\n\nc" == reply.text


@pytest.mark.parametrize(
    ("signal", "stage"),
    [
        (Asking("m-1", Plan("stateless")), "waiting"),
        (thought("x"), "reasoning"),
        (delta("x"), "answering"),
        (event("refusal.delta", delta="No", content_index=0), "answering"),
        (event("function_call_arguments.delta", delta="{"), "calling a function"),
        (event("output_item.added", item={"type": "reasoning", "id": "r", "summary": []}), "reasoning"),
        (event("output_item.added", item={"type": "web_search_call", "id": "w"}), "web search"),
        (event("web_search_call.searching"), "web search"),
        (event("shiny_new.thing"), "sending"),
        (event("keepalive"), "sending"),
        (Retry(APIError("Overloaded"), 12.3, 1), "waiting 12 s to try again (Overloaded)"),
    ],
)  # fmt: skip
def test_it_says_what_is_going_on(signal: Any, stage: str) -> None:
    """Whatever comes has a name in the user's words; what is unknown changes nothing."""
    reply = grown(signal)

    assert stage == reply.stage
    assert f"{reply.model} · {stage} · 3 s" == status_line(reply, 3.2)
    assert f"{reply.model} · {stage}" == status_line(reply, 0.2)


def test_another_try_begins_anew() -> None:
    """What was shown of a try before is void."""
    reply = grown(delta("old"), thought("old"), Asking("m-1", Plan("stateless")), delta("new"))

    assert ("new", "", "m-1") == (reply.text, reply.reasoning, reply.model)


def test_the_end_settles_it() -> None:
    """The response has the last word on text, model and tokens."""
    usage = {
        "input_tokens": 5,
        "output_tokens": 7,
        "total_tokens": 12,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    reply = grown(Notice("Mind this."), delta("So"), ended("So it is.", usage=usage))

    assert ("So it is.", "m-1", "completed") == (reply.text, reply.model, reply.status)
    assert ["Mind this."] == reply.notices
    assert reply.footer().startswith("m-1 · 5 in · 7 out · ")
    about = reply.metadata()["codex_magic"]
    assert {"model": "m-1", "response_id": "resp_1", "turn": reply.turn and reply.turn.id} == about


@pytest.mark.parametrize(
    ("plan", "sent"),
    [
        (Plan("stateless"), "the prompt"),
        (Plan("stateless", turns=2), "the prompt, 2 earlier turns"),
        (Plan("previous_response_id", previous_response_id="r"), "the prompt, the id of the last response"),
        (Plan("conversation", turns=1, conversation_id="c"), "the prompt, 1 earlier turn, the conversation's id"),
    ],
)  # fmt: skip
def test_the_footer_says_what_was_sent(plan: Plan, sent: str) -> None:
    """Also where the service keeps the rest."""
    assert grown(Asking("m", plan)).footer().endswith(f" s · sent: {sent}")


@pytest.mark.parametrize(
    ("reason", "text", "remark"),
    [
        ("max_output_tokens", "So", "The answer ends at the limit of --max-output-tokens."),
        ("content_filter", "So", "The answer is incomplete: content_filter."),
        (None, "So", "The answer is incomplete: the service does not say why."),
    ],
)
def test_an_incomplete_answer_says_why(reason: str | None, text: str, remark: str) -> None:
    """One line, below the answer; the text is what came."""
    details = {"reason": reason} if reason else None
    reply = grown(ended(text, status="incomplete", incomplete_details=details))

    assert [remark] == reply.remarks
    assert text == reply.text
    assert "incomplete" in reply.footer()


def test_a_call_that_nobody_answers_is_told() -> None:
    """The model wanted a function: the user hears of it."""
    call = {"type": "function_call", "name": "add", "call_id": "c", "arguments": "{}", "id": "f"}

    reply = grown(ended("", output=[call, call]))

    assert ["The model asked to call add; nothing was run."] == reply.remarks


def test_the_bundle_is_safe_html_and_the_source() -> None:
    """The source is text, unchanged; the HTML runs nothing and loads nothing."""
    source = "**So** <script>alert(1)</script> ![x](http://evil.test/x.png)\n"
    reply = grown(Notice("<b>Mind</b>"), thought("<i>Hm</i>"), ended(source))

    bundle = reply.mime_bundle()

    assert source == bundle["text/plain"]
    assert ["text/html", "text/plain"] == sorted(bundle)
    for tag in ("<script", "<img", "<b>", "<i>"):
        assert tag not in bundle["text/html"]
    order = [bundle["text/html"].index(piece) for piece in ("Mind", "Hm", "So")]
    assert sorted(order) == order


def test_a_lone_surrogate_does_not_break_the_message() -> None:
    """What cannot be written as UTF-8 is replaced where it leaves us, and kept in the text."""
    reply = grown(ended("Half \ud83d"))

    assert "Half \ufffd" == reply.mime_bundle()["text/plain"].encode().decode()
    assert "Half \ud83d" == reply.text


def test_a_turn_can_be_shown_again() -> None:
    """What the conversation kept is enough for a reply."""
    reply = Reply.of_turn(Turn("Why?", (), text="*So*", model="m-1", seconds=2.0))

    assert ("*So*", "completed") == (reply.text, reply.status)
    assert "m-1 · 2.0 s" == reply.footer()
    assert "<em>So</em>" in reply.mime_bundle()["text/html"]


@pytest.mark.parametrize(
    ("text", "shown"), [("So", "Reply(completed, 'So')"), ("x" * 90, f"Reply(completed, '{'x' * 57}…')")]
)  # fmt: skip
def test_it_prints_as_its_text(text: str, shown: str) -> None:
    """str() is the answer, repr() a short form of it."""
    reply = grown(ended(text))

    assert (text, shown) == (str(reply), repr(reply))
