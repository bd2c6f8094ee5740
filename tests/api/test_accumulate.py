"""Events become a Response, whoever sends them and whatever they leave out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_magic.api.accumulate import Accumulator
from codex_magic.api.items import Json, Response, ResponseReasoningItem
from tests.fake_service.asking import SAY, THINK

from .clients import recorded, spoken
from .folding import CREATED, call, end, event, fold, message

PLAIN = [
    "reasoning_then_text",
    "llama_cpp",
    "ollama",
    "litellm",
    "vllm",
    "azure",
    "openrouter",
    "lmstudio",
    "keepalive",
    "unknown_events",
    "empty_output",
]


def thought(response: Response) -> str:
    """Return the reasoning of a response: its summary, or what an open model shows of it."""
    parts = [
        part["text"]
        for item in response.output
        if isinstance(item, ResponseReasoningItem)
        for part in item.to_dict().get("content") or item.to_dict()["summary"]
    ]
    return "\n".join(parts)


@pytest.mark.parametrize("name", PLAIN)
def test_every_service_tells_the_same(name: str) -> None:
    """Text and reasoning are the same in the shape of each service."""
    response = fold(*recorded(name)).snapshot()

    assert (SAY, THINK) == (response.output_text, thought(response))
    assert "completed" == response.status


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "empty_output"])
def test_the_terminal_response_is_the_response(name: str) -> None:
    """What the service says in the end is what counts, field by field."""
    events = recorded(name)
    final = events[-1]["response"]

    assert final == {k: v for k, v in fold(*events).snapshot().to_dict().items() if k in final}


@pytest.mark.parametrize("name", PLAIN)
def test_what_arrived_is_there_at_any_moment(name: str) -> None:
    """After each event, the snapshot holds the text of the deltas so far, and no other."""
    events = recorded(name)
    accumulator, seen = Accumulator(), []
    for number, data in enumerate(events):
        accumulator.apply(data)
        seen.append(accumulator.snapshot())
        assert spoken(events[: number + 1]) == seen[-1].output_text
        assert (data is events[-1]) == accumulator.finished

    assert ["", SAY] == [seen[0].output_text, seen[-1].output_text]
    assert "in_progress" == seen[0].status


@pytest.mark.parametrize("name", ["reasoning_then_text", "parallel_calls", "unknown_events"])
@pytest.mark.parametrize("empty", [[], None])
def test_an_empty_output_is_rebuilt(name: str, empty: Any) -> None:
    """ChatGPT's backend leaves it out of the end; the items before it are as good."""
    *events, last = recorded(name)
    rebuilt = fold(*events, {**last, "response": {**last["response"], "output": empty}})

    assert last["response"]["output"] == rebuilt.snapshot().to_dict()["output"]


@pytest.mark.parametrize("name", ["reasoning_then_text", "parallel_calls"])
def test_deltas_alone_are_enough(name: str) -> None:
    """Without any announcement, the pieces make the text, the summary and the arguments."""
    events = recorded(name)
    deltas = [data for data in events if data["type"].endswith(".delta")]
    whole, pieced = fold(*events).snapshot(), fold(CREATED, *deltas, end()).snapshot()

    assert whole.output_text == pieced.output_text
    assert whole.reasoning_summary == pieced.reasoning_summary
    assert [c.arguments for c in whole.tool_calls] == [c.arguments for c in pieced.tool_calls]
    assert [item.id for item in whole.output] == [item.id for item in pieced.output]  # type: ignore[union-attr]


def test_parallel_calls_do_not_mix() -> None:
    """Arguments that arrive interleaved go to the call that they are of."""
    calls = fold(*recorded("parallel_calls")).snapshot().tool_calls

    assert ["add", "city_of"] == [found.name for found in calls]
    assert [{"a": 3, "b": 4}, {"name": "Zürich"}] == [json.loads(c.arguments) for c in calls]


def test_without_ids_or_indices_pieces_go_to_the_open_item() -> None:
    """The least that a service can send is enough, and a finished item takes no more."""
    response = fold(
        CREATED,
        event("reasoning_text.delta", delta="Hm"),
        event("output_text.delta", delta="One"),
        event("output_item.done", item=message("One", "")),
        event("output_text.delta", delta="Two"),
        end(),
    ).snapshot()

    assert "OneTwo" == response.output_text
    assert ["reasoning", "message", "message"] == [i.type for i in response.output]  # type: ignore[union-attr]


def test_a_delta_may_have_another_id_than_its_item() -> None:
    """vLLM does that; the index tells where it belongs."""
    response = fold(
        CREATED,
        event("output_item.added", item=message(None, "msg_1"), output_index=0),
        event("output_text.delta", delta="One", item_id="msg_x", output_index=0),
        event("output_text.delta", delta=" two", item_id="msg_x"),
        event("output_item.done", item=message(None, "msg_2"), output_index=0),
        end(),
    ).snapshot()

    assert ["One two"] == [item.text for item in response.output]  # type: ignore[union-attr]


def test_an_id_of_another_kind_is_not_trusted() -> None:
    """Ollama repeats its ids; a piece of text never lands in a call."""
    response = fold(
        CREATED,
        event("output_item.added", item={**call("f"), "id": "x"}),
        event("output_text.delta", delta="Hi", item_id="x"),
        end(),
    ).snapshot()

    assert "Hi" == response.output_text
    assert [""] == [found.arguments for found in response.tool_calls]


@pytest.mark.parametrize(
    ("delta", "done", "field"),
    [
        ("output_text.delta", "output_text.done", "text"),
        ("reasoning_text.delta", "reasoning_text.done", "text"),
        ("reasoning_summary_text.delta", "reasoning_summary_text.done", "text"),
        ("refusal.delta", "refusal.done", "refusal"),
        ("function_call_arguments.delta", "function_call_arguments.done", "arguments"),
    ],
)
def test_the_done_text_is_right(delta: str, done: str, field: str) -> None:
    """Where it differs from its pieces, it counts, also where no piece came before it."""
    corrected = fold(CREATED, event(delta, delta="rong"), event(done, **{field: "Right"}))
    alone = fold(CREATED, event(done, **{field: "Right"}))

    assert "Right" in str(alone.snapshot().to_dict()["output"])
    assert corrected.snapshot().to_dict() == alone.snapshot().to_dict()


def test_arguments_that_the_end_leaves_out_stay() -> None:
    """A finished call without its arguments has those that were streamed."""
    pieces = [event("function_call_arguments.delta", delta="{}", item_id="fc_0")]
    response = fold(CREATED, *pieces, event("output_item.done", item=call("f"))).snapshot()

    assert [("f", "{}")] == [(found.name, found.arguments) for found in response.tool_calls]


def test_a_message_may_be_a_plain_text() -> None:
    """Begun or finished as one, it is read, and pieces replace it where they know better."""
    plain = {**message(None), "content": "Hi"}
    done = fold(CREATED, event("output_item.done", item=plain), end())
    begun = fold(CREATED, event("output_item.added", item={**plain, "content": ""}))
    begun.apply(event("output_text.delta", delta="Hi there", item_id="msg_1"))
    cut = fold(CREATED, event("output_text.delta", delta="Hi", item_id="msg_1"))
    cut.apply(event("output_item.done", item={**plain, "content": ""}))
    last = fold(CREATED, event("output_text.delta", delta="Rong", item_id="msg_1"), end(plain))

    assert [plain] == done.snapshot().to_dict()["output"]
    assert ("Hi there", "Hi") == (begun.snapshot().output_text, cut.snapshot().output_text)
    assert "Hi" == last.snapshot().output_text


def test_the_done_item_is_right() -> None:
    """It replaces what was pieced together, with all of its fields."""
    whole = {**message("Right"), "phase": "final_answer", "new": [1]}
    pieced = fold(CREATED, event("output_text.delta", delta="Rong", item_id="msg_1"))
    pieced.apply(event("output_item.done", item=whole))

    assert [whole] == pieced.snapshot().to_dict()["output"]


def test_text_that_the_end_leaves_out_is_filled_in() -> None:
    """A message without its text, in the terminal response, has the one that was streamed."""
    events = [CREATED, event("output_text.delta", delta="Hi", item_id="msg_1", output_index=0)]

    for final in (message(None), message(""), message(None, "other")):
        assert "Hi" == fold(*events, end(final)).snapshot().output_text
    assert "" == fold(*events, end(call("f"), message(None, "other"))).snapshot().output_text
    assert "Bye" == fold(*events, end(message("Bye"))).snapshot().output_text


def test_parts_keep_their_place() -> None:
    """Parts are ordered by their index, whatever the order or the gaps in which they come."""
    response = fold(
        CREATED,
        event("output_text.delta", delta="B", content_index=3),
        event("output_text.delta", delta="A", content_index=0),
        event("reasoning_summary_text.delta", delta="2", summary_index=1),
        event("reasoning_summary_text.delta", delta="1", summary_index=0),
    ).snapshot()

    assert ("AB", "1\n2") == (response.output_text, response.reasoning_summary)


def test_a_part_that_was_announced_keeps_its_fields() -> None:
    """Its pieces fill it in, and take nothing away."""
    begun = message("")
    begun["content"][0]["new"] = 1
    response = fold(
        CREATED,
        event("output_item.added", item=begun),
        event("output_text.delta", delta="Hi", item_id="msg_1"),
    ).snapshot()

    assert [{**message("Hi")["content"][0], "new": 1}] == response.to_dict()["output"][0]["content"]


def test_annotations_are_kept() -> None:
    """Sources that arrive as events stand at their part when the text is rebuilt."""
    source = {"type": "url_citation", "url": "https://h"}
    response = fold(
        CREATED,
        event("output_text.delta", delta="Hi"),
        event("output_text.annotation.added", annotation=source, annotation_index=0),
        end(),
    ).snapshot()

    assert [source] == response.to_dict()["output"][0]["content"][0]["annotations"]


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed", "cancelled"])
def test_a_terminal_event_ends_it(kind: str) -> None:
    """The event tells the status where the response does not; where it does, that counts."""
    silent = fold(CREATED, end(kind=kind)).snapshot()
    told = fold(CREATED, end(kind=kind, status="incomplete")).snapshot()

    assert (kind, "incomplete") == (silent.status, told.status)
    assert "m" == silent.model


def test_a_snapshot_stands_still() -> None:
    """What comes later changes the next snapshot, never one that was taken."""
    growing = fold(CREATED, event("output_text.delta", delta="One"))
    before = growing.snapshot()
    growing.apply(event("output_text.delta", delta=" two"))
    growing.apply(end())

    assert ("One", "in_progress") == (before.output_text, before.status)
    assert "One two" == growing.snapshot().output_text


def test_items_come_in_the_order_of_their_index() -> None:
    """Also where only their ends were sent, and a later one was ready first."""
    second = event("output_item.done", item=call("second", "{}", 1), output_index=1)
    first = event("output_item.done", item=call("first", "{}", 0), output_index=0)
    response = fold(CREATED, second, first, end()).snapshot()

    assert ["first", "second"] == [found.name for found in response.tool_calls]


def test_what_is_null_or_unknown_changes_nothing() -> None:
    """An item that begins or ends as null, and an event that nobody knows, are passed over."""
    odd = [event("output_item.added", item=None), event("output_item.done", item=None)]
    odd += [{"type": "keepalive"}, {"type": None}, event("new", output_index=9, delta=1)]

    assert fold(CREATED, end()).snapshot() == fold(CREATED, *odd, end()).snapshot()


@pytest.mark.parametrize(
    "data",
    [
        event("output_text.delta"),
        event("output_text.delta", delta=None),
        event("output_text.done", text=["Hi"]),
        event("completed"),
        event("created", response=None),
    ],
)
def test_what_the_api_does_not_promise_is_refused(data: Json) -> None:
    """A piece of text that is no text is never made up, nor turned into one."""
    with pytest.raises((LookupError, TypeError, AttributeError)):
        fold(CREATED, data)
