"""The default model outlives its retirement; a model that the user named is never replaced."""

from __future__ import annotations

import threading

import pytest

from codex_magic.config import DEFAULT_MODEL, SUCCESSORS
from codex_magic.conversation.turns import State
from tests.fake_service import FakeService
from tests.fake_service.errors import Json, no_route

from .talking import STATES, Talk, asked, body, seen, told


@pytest.mark.parametrize("state", STATES)
def test_a_retired_default_model_has_a_successor(
    talk: Talk, service: FakeService, state: State
) -> None:
    """The first live model of the list takes its place, with one notice, and from then on at once."""
    default = {"model": DEFAULT_MODEL, "successors": SUCCESSORS, "state": state}
    first = talk.ask(service, "One", **default)
    second = talk.ask(service, "Two", **default)

    notice = f"{DEFAULT_MODEL} is not served here any more: {SUCCESSORS[0]} answers."
    assert ([notice], []) == (first.notices, second.notices)
    models = [request.body["model"] for request in asked(service) if request.body]
    assert [DEFAULT_MODEL, SUCCESSORS[0], SUCCESSORS[0]] == models
    assert SUCCESSORS[0] == first.turn.model
    assert ["u: One", "u: Two"] == [said for said in seen(service) if said[0] == "u"]


@pytest.mark.parametrize(
    ("served", "chosen"),
    [
        (["gpt-4.1", "gpt-5.4", "gpt-5.3-codex"], "gpt-5.3-codex"),
        (["some-model"], "some-model"),
        ([{"id": SUCCESSORS[0], "shutdown_date": "2020-01-01"}, "gpt-5.4"], "gpt-5.4"),
        ([{"id": SUCCESSORS[0], "shutdown_date": "soon"}], SUCCESSORS[0]),
    ],
)
def test_the_successor_is_live(talk: Talk, served: list[str | Json], chosen: str) -> None:
    """It is the first of the preferred ones that still answers, or the only model that there is."""
    with FakeService(models=served) as service:
        found = talk.ask(service, model=DEFAULT_MODEL, successors=SUCCESSORS)

    assert (None, chosen) == (found.error, found.turn.model)


def test_a_successor_may_be_retired_too(talk: Talk, service: FakeService) -> None:
    """What was learned of a service is learned again when it changes."""
    default = {"model": DEFAULT_MODEL, "successors": SUCCESSORS}
    talk.ask(service, "One", **default)
    del service.models[SUCCESSORS[0]]
    second = talk.ask(service, "Two", **default)
    before = len(asked(service))
    third = talk.ask(service, "Three", **default)

    assert (None, SUCCESSORS[1]) == (second.error, second.turn.model)
    assert (SUCCESSORS[1], 1) == (third.turn.model, len(asked(service)) - before)


@pytest.mark.parametrize("state", STATES)
def test_a_named_model_is_never_replaced(talk: Talk, service: FakeService, state: State) -> None:
    """The error names live ones; the question is asked once, and no notice says otherwise."""
    talk.ask(service, "One", state=state)
    named = talk.ask(service, "Two", model="gpt-3", state=state)
    third = talk.ask(service, "Three", state=state)

    assert named.error is not None
    assert "`gpt-3` does not exist" in named.error
    assert "Live models: gpt-4.1, gpt-5.1" in named.error
    assert ("failed", []) == (named.turn.status, named.notices)
    assert 3 == len(asked(service))
    assert [] == third.notices
    assert state == "stateless" or 1 == len(body(service)["input"])


@pytest.mark.parametrize("served", [[], ["one", "two"]])
def test_no_successor_is_made_up(talk: Talk, served: list[str | Json]) -> None:
    """Where no live model is preferred, the user chooses."""
    with FakeService(models=served) as service:
        found = talk.ask(service, model=DEFAULT_MODEL, successors=SUCCESSORS)

    assert found.error is not None
    expected = "Live models: one, two." if served else "The service lists no models."
    assert expected in found.error


def test_a_service_that_cannot_list_its_models(talk: Talk) -> None:
    """Then its own error has to do."""
    with NoList() as service:
        found = talk.ask(service, model=DEFAULT_MODEL, successors=SUCCESSORS)

    assert found.error is not None
    assert "does not exist" in found.error
    assert "Live models" not in found.error


class NoList(FakeService):
    """A service without ``GET /models``."""

    def _check_key(self, request: object) -> None:
        if getattr(request, "method", "") == "GET":
            raise no_route("GET", "/v1/models")


def test_an_interrupt_while_a_successor_is_looked_for(talk: Talk) -> None:
    """A question that is stopped between two tries is not lost."""
    with SlowList() as service:
        job = talk.start(service, "One", model=DEFAULT_MODEL, successors=SUCCESSORS)
        assert service.listing.wait(5)
        job.cancel()
        stopped = told(job)
        service.go_on.set()

    assert "interrupted" == stopped.turn.status
    assert ["One"] == [turn.prompt for turn in talk.conversation.turns]


class SlowList(FakeService):
    """A service that takes its time to list its models."""

    def __init__(self) -> None:
        super().__init__()
        self.listing = threading.Event()
        self.go_on = threading.Event()

    def _check_key(self, request: object) -> None:
        if getattr(request, "method", "") == "GET":
            self.listing.set()
            self.go_on.wait(5)
