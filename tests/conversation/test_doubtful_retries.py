"""A request that broke off before its answer may have been kept: it is not blindly sent twice."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from codex_magic.api.auth import service_at
from codex_magic.conversation.turns import State
from tests.fake_service import Answer, FakeService, text
from tests.fake_service.errors import Json
from tests.soak.network import Network

from .talking import STATES, Talk, asked, lines, refusals


@pytest.mark.parametrize("known", [0, 2], ids=["a new conversation", "one that goes on"])
@pytest.mark.parametrize("state", STATES)
def test_a_question_is_in_the_history_once(state: State, known: int) -> None:
    """The connection breaks before the first byte of an answer that the service has kept."""
    networks: list[Network] = []

    def answer(context: list[Json], body: Json) -> Answer:
        if lines(context)[-1] == "u: Once" and not networks[0].cuts:
            networks[0].cut("down", 0)
            return text("Lost on its way.")
        return text(f"Answer {len(context)}.")

    with ExitStack() as stack:
        service = stack.enter_context(FakeService(answer=answer))
        port = int(service.base_url.rpartition(":")[2].removesuffix("/v1"))
        networks.append(stack.enter_context(Network(port)))
        talk = Talk()
        stack.callback(talk.close)
        meant = service_at(networks[0].base_url, backend="openai", key=service.api_key)
        for number in range(known):
            talk.ask(meant, f"Before {number}", state=state)

        told = talk.ask(meant, "Once", state=state)
        talk.ask(meant, "After", state=state)

    before = [f"u: Before {number}" for number in range(known)]
    assert 1 == networks[0].cuts
    assert ("completed", None, 1) == (told.turn.status, told.error, told.retries)
    for request, last in zip(
        asked(service)[-2:], (["u: Once"], ["u: Once", "u: After"]), strict=True
    ):
        seen = lines(request.context)
        assert [*before, *last] == [line for line in seen if line.startswith("u")]
        assert "a: Lost on its way." not in seen
    assert [] == refusals(service)


def test_one_that_breaks_every_time_is_given_up() -> None:
    """The question is not in the history of the next one."""
    with ExitStack() as stack:
        service = stack.enter_context(FakeService())
        port = int(service.base_url.rpartition(":")[2].removesuffix("/v1"))
        network = stack.enter_context(Network(port))
        talk = Talk()
        stack.callback(talk.close)
        meant = service_at(network.base_url, backend="openai", key=service.api_key)
        talk.ask(meant, "Before", state="conversation")
        network.refuse()
        network.drop()

        told = talk.ask(meant, "Lost", state="conversation", retries=1)
        network.heal()
        talk.ask(meant, "After", state="conversation")

    assert "failed" == told.turn.status
    seen = lines(asked(service)[-1].context)
    assert ["u: Before", "u: After"] == [line for line in seen if line.startswith("u")]
