"""The user's say in what runs."""

from __future__ import annotations

from typing import Any

import pytest

from codex_magic.api.items import Json
from codex_magic.conversation.approvals import (
    Approvals,
    Decision,
)
from codex_magic.conversation.tools import Tool

from .calling import (
    Person,
    a_call,
    a_request,
    add,
    answered,
    answering,
    fail,
    outputs,
    statuses,
)


def test_a_declined_call_is_not_run() -> None:
    """The model is told that the user declined, and why; the function is not touched."""
    touched: list[int] = []

    def touch(n: int) -> None:
        touched.append(n)

    person = Person(Decision(False, reason="Too dear."))

    calls = answered(answering(touch, approve=person), a_call("touch", {"n": 1}))

    assert [] == touched
    assert ["The user declined this call. Too dear."] == outputs(calls)
    assert ["declined"] == statuses(calls)


def test_the_user_may_change_the_arguments() -> None:
    """The call runs with the user's, and the model is told which they were."""
    person = Person(Decision(True, arguments={"a": 10}))

    calls = answered(answering(add, approve=person), a_call("add", {"a": 1}))

    assert ['11\nThe user changed the arguments to {"a": 10}.'] == outputs(calls)
    assert '{"a": 10}' == calls.records[0].arguments
    assert {"a": 1} == person.asked[0].arguments
    assert {"a": 1} == person.asked[0].values


def test_changed_arguments_are_checked_as_well() -> None:
    """What the function does not take is not run."""
    person = Person(Decision(True, arguments={"a": "ten"}))

    calls = answered(answering(add, approve=person), a_call("add", {"a": 1}))

    assert ["invalid"] == statuses(calls)


def test_yes_for_always_holds_for_that_tool_alone() -> None:
    """The next call of it is not asked about, one of another tool is."""
    person = Person(Decision(True, always=True))
    approvals = Approvals(person)
    way = answering(add, fail, approve=approvals)

    answered(way, a_call("add", {"a": 1}), a_call("add", {"a": 2}, "call_2"))
    answered(way, a_call("fail", {"word": "a"}))

    assert ["add", "fail"] == [call.name for call in person.asked]
    assert {"add", "fail"} == approvals.settled


@pytest.mark.parametrize(
    ("approve", "yes", "asked"),
    [
        (True, False, 1),
        (True, True, 0),
        (False, False, 0),
        ("always", False, 2),
        ("always", True, 0),
    ],
)
def test_who_is_asked_depends_on_the_tool_and_on_yes(approve: Any, yes: bool, asked: int) -> None:
    """A tool that asks always does so after "always yes" too; ``--yes`` is for all of them."""
    person = Person(Decision(True, always=True))
    tool = Tool(add, approve=approve)
    way = answering(tool, approve=Approvals(person, yes))

    calls = answered(way, a_call("add", {"a": 1}), a_call("add", {"a": 2}, "call_2"))

    assert ["2", "3"] == outputs(calls)
    assert asked == len(person.asked)


def test_where_nobody_can_answer_a_call_is_declined() -> None:
    """The model is told so, and so is the user, by the record."""
    calls = answered(answering(add, approve=Approvals()), a_call("add", {"a": 1}))

    assert ["The user declined this call. Nobody is there to approve this call."] == outputs(calls)


@pytest.mark.parametrize(
    ("decision", "answer"),
    [
        (Decision(True), {"approve": True}),
        (Decision(True, arguments={"q": "cats"}), {"approve": True}),
        # Its arguments cannot be changed on the way: what the user did not see must not run.
        (
            Decision(True, arguments={"q": "dogs"}),
            {
                "approve": False,
                "reason": 'The user declined this call. Call it with these arguments: {"q": "dogs"}',
            },
        ),
        (Decision(False), {"approve": False, "reason": "The user declined this call."}),
    ],
)
def test_a_server_s_call_goes_through_the_same_approval(decision: Decision, answer: Json) -> None:
    """The user sees the server, the tool and the arguments; the answer names the request."""
    person = Person(decision)

    calls = answered(answering(approve=person), a_request())

    expected = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", **answer}
    assert [expected] == calls.items
    (call,) = person.asked
    assert ("docs.search", {"q": "cats"}, "docs") == (call.name, call.arguments, call.server)


@pytest.mark.parametrize("arguments", ["", "{", "[1]"])
def test_a_server_s_odd_arguments_are_shown_as_they_are(arguments: str) -> None:
    """Nothing about them can raise."""
    person = Person()

    answered(answering(approve=person), a_request(arguments))

    assert isinstance(person.asked[0].arguments, dict)
