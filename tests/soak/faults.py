"""What can go wrong between a question and its answer, and how a turn may end of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests import fake_service as fake
from tests.fake_service import Answer, FakeService

from .network import Network

Ends = frozenset[str]
WHOLE: Ends = frozenset({"completed"})
NOTHING: Ends = frozenset({"failed"})
ANYHOW: Ends = frozenset({"completed", "interrupted", "failed"})
CUT: Ends = frozenset({"interrupted", "failed"})
SILENCE = 0.3
RETRIES = 2
# The waits between tries where a service names none: half a second, then one.
_BACKOFF = (0.0, 0.5, 1.5)
GARBAGE = (
    b"data: {\n\n",
    b"data: []\n\n",
    b"data: null\n\n",
    b'data: "half\n\n',
    b"event: response.output_text.delta\ndata: {}\n\n",
    b'data: {"type": "response.output_text.delta"}\n\n',
    b'data: {"type": "response.output_text.delta", "delta": 7, "output_index": "x"}\n\n',
    b'data: {"type": "response.output_item.done", "item": null, "output_index": 99}\n\n',
    b'data: {"type": "response.completed"}\n\n',
    b'data: {"type": "response.completed", "response": []}\n\n',
    b"data: \xff\xfe\x80\n\n",
    b"\x00\x00\x00",
    b"<html><h1>502 Bad Gateway</h1></html>\n\n",
    b"HTTP/1.1 500 Oh\r\n\r\n",
    b"data: " + b"x" * 100_000 + b"\n\n",
    b'data: {"type": "error"}\n\n',
    b'data: {"error": null}\n\n',
)
HARMLESS = (
    b": a comment\n\n",
    b"\n\n\n",
    b"event: ping\n\n",
    b"id: 7\nretry: 1\n\n",
    b'data: {"type": "response.of_the_future", "thing": {}}\n\n',
    b"\xef\xbb\xbf: late mark\n\n",
)


@dataclass(frozen=True)
class Scene:
    """
    Where a fault happens.

    Attributes:
        chance: Decides what is left open.
        service: The service.
        network: The way to it.
        place: A number that grows with every turn, for faults that go through all bytes.
    """

    chance: random.Random
    service: FakeService
    network: Network
    place: int = 0


@dataclass(frozen=True)
class Effect:
    """
    What a fault does to a turn.

    Attributes:
        ends: How the turn may end.
        answers: What the service sends, one try after the other; the last stands for the turn.
        stall: Seconds that it may take because of the fault.
        retries: How often a request may be tried again.
        timeout: Seconds of silence that are waited for; None for many.
        stop: Seconds after which the user presses the interrupt button; empty for never.
        clock: Seconds by which the clock jumps while the answer comes.
        names: Whether names can be looked up: "never", "later", or empty for always.
        refusals: Codes with which the service may refuse a request of ours.
    """

    ends: Ends
    answers: tuple[Answer, ...]
    stall: float = 0.0
    retries: int = RETRIES
    timeout: float | None = None
    stop: tuple[float, ...] = ()
    clock: float = 0.0
    names: str = ""
    refusals: tuple[str, ...] = ()


Act = Callable[[Scene, Answer], Effect]


@dataclass(frozen=True)
class Fault:
    """
    A fault that is injected.

    Attributes:
        layer: Where: network, service, stream, user, clock.
        name: As the table has it.
        act: Does it.
        weight: How often, beside the others.
        anywhere: Whether it can be injected from outside of a kernel, too.
    """

    layer: str
    name: str
    act: Act
    weight: int = 2
    anywhere: bool = True


@dataclass
class _Faults:
    known: list[Fault] = field(default_factory=list)

    def fault(
        self, layer: str, name: str, *, weight: int = 2, anywhere: bool = True
    ) -> Callable[[Act], Act]:
        """Make a function a fault of the table."""

        def take(act: Act) -> Act:
            self.known.append(Fault(layer, name, act, weight, anywhere))
            return act

        return take


_FAULTS = _Faults()
FAULTS = _FAULTS.known
fault = _FAULTS.fault


@fault("none", "nothing at all", weight=6)
def _nothing(scene: Scene, answer: Answer) -> Effect:
    return Effect(WHOLE, (answer,))


@fault("network", "reset after any byte of the answer", weight=12)
def _reset(scene: Scene, answer: Answer) -> Effect:
    # A prime stride: in time every place of an answer has its turn.
    scene.network.cut("down", scene.place * 37 % 9_973)
    return Effect(ANYHOW, (answer, answer), stall=_BACKOFF[1])


@fault("network", "end after any byte of the answer", weight=8)
def _end(scene: Scene, answer: Answer) -> Effect:
    scene.network.cut("down", scene.place * 41 % 9_973, hard=False)
    return Effect(ANYHOW, (answer, answer), stall=_BACKOFF[1])


@fault("network", "reset after any byte of the request")
def _reset_up(scene: Scene, answer: Answer) -> Effect:
    scene.network.cut("up", scene.place * 31 % 1_499)
    return Effect(ANYHOW, (answer, answer), stall=_BACKOFF[1])


@fault("network", "nobody listens")
def _refused(scene: Scene, answer: Answer) -> Effect:
    scene.network.refuse()
    scene.network.drop()
    return Effect(NOTHING, (answer,), retries=0)


@fault("network", "kept connections are gone", weight=3)
def _dropped(scene: Scene, answer: Answer) -> Effect:
    scene.network.drop()
    return Effect(WHOLE, (answer, answer), stall=_BACKOFF[1])


@fault("network", "no name is resolved", anywhere=False)
def _no_names(scene: Scene, answer: Answer) -> Effect:
    scene.network.drop()
    return Effect(NOTHING, (answer,), retries=0, names="never")


@fault("network", "a name is resolved at the second try", anywhere=False)
def _late_names(scene: Scene, answer: Answer) -> Effect:
    scene.network.drop()
    return Effect(WHOLE, (answer,), stall=_BACKOFF[1], names="later")


@fault("network", "a slow line", weight=3)
def _slow(scene: Scene, answer: Answer) -> Effect:
    scene.network.slow(scene.chance.choice((150, 400, 1_000)), 0.004)
    return Effect(WHOLE, (answer,), stall=10.0)


@fault("network", "one byte a packet")
def _bytes(scene: Scene, answer: Answer) -> Effect:
    # Both sides have work with each byte, in one process.
    return Effect(WHOLE, (answer.chunking(1),), stall=5.0)


def _storm(scene: Scene, answer: Answer, statuses: tuple[int, ...], *, told: bool) -> Effect:
    """Return so many errors in a row that the last try may or may not be the good one."""
    chance = scene.chance
    retries = RETRIES if told else 1
    count = chance.randint(1, retries + 1)
    wait = {"retry-after-ms": str(chance.randint(1, 60))} if told else {}
    errors = [
        fake.error(chance.choice(statuses), "injected", "It is too much just now.", headers=wait)
        for _ in range(count)
    ]
    ends = WHOLE if count <= retries else NOTHING
    stall = 0.2 if told else _BACKOFF[1]
    return Effect(ends, (*errors, answer), stall=stall, retries=retries)


@fault("service", "429, with Retry-After", weight=3)
def _busy(scene: Scene, answer: Answer) -> Effect:
    return _storm(scene, answer, (429,), told=True)


@fault("service", "429, without")
def _busy_untold(scene: Scene, answer: Answer) -> Effect:
    return _storm(scene, answer, (429,), told=False)


@fault("service", "5xx, with Retry-After", weight=3)
def _down(scene: Scene, answer: Answer) -> Effect:
    return _storm(scene, answer, (500, 502, 503, 504, 520, 529), told=True)


@fault("service", "5xx, without")
def _down_untold(scene: Scene, answer: Answer) -> Effect:
    return _storm(scene, answer, (500, 502, 503, 504, 520, 529), told=False)


@fault("service", "a wait that is too long")
def _wait(scene: Scene, answer: Answer) -> Effect:
    after = scene.chance.choice(("100000", "Fri, 01 Jan 2100 00:00:00 GMT"))
    error = fake.error(429, "injected", "Come back later.", headers={"retry-after": after})
    return Effect(NOTHING, (error, answer))


@fault("service", "a refusal: 400, 401, 403, 404, 413, no quota", weight=3)
def _refusal(scene: Scene, answer: Answer) -> Effect:
    status, code = scene.chance.choice(
        (
            *((400, "invalid_prompt"), (400, "context_length_exceeded"), (401, "invalid_api_key")),
            *((403, "forbidden"), (404, "injected"), (413, "too_large")),
            (429, "insufficient_quota"),
        )
    )
    told = fake.error(status, code, "The request is not taken: it was injected here.")
    # Where the service keeps the conversation, a 404 may mean it: it is asked with the history.
    return Effect(NOTHING | WHOLE if status == 404 else NOTHING, (told, answer))


@fault("service", "a page of a proxy, with any status", weight=3)
def _page(scene: Scene, answer: Answer) -> Effect:
    page = "<!doctype html><title>Oh\nno</title><h1>Blocked</h1>\n<p>by\r\npolicy</p>"
    status = scene.chance.choice((200, 200, 302, 403, 407, 500))
    told = fake.html(status, page)
    return Effect(ANYHOW, (told, told), retries=0)


@fault("service", "200 and no stream of events", weight=3)
def _no_stream(scene: Scene, answer: Answer) -> Effect:
    kind = scene.chance.choice(("text/event-stream", "application/json", "", "image/png"))
    body = scene.chance.choice((b"", b"{", b"[]", b"null", b"\xff\xfe", b"data", b"{}", b"\n" * 99))
    return Effect(ANYHOW, (fake.raw(body, kind), answer), retries=0)


@fault("service", "a redirect")
def _redirect(scene: Scene, answer: Answer) -> Effect:
    where = scene.chance.choice(("http://127.0.0.1:9/", "/v1/elsewhere", "::", ""))
    error = fake.error(307, None, "Moved.", headers={"location": where})
    return Effect(NOTHING, (error, answer), retries=0)


@fault("service", "silence before the answer")
def _silent(scene: Scene, answer: Answer) -> Effect:
    return Effect(ANYHOW, (answer.hold(-1), answer), stall=2 * SILENCE, retries=0, timeout=SILENCE)


@fault("service", "silence in the answer", weight=3)
def _stall(scene: Scene, answer: Answer) -> Effect:
    held = answer.hold(scene.chance.randint(0, 30))
    return Effect(ANYHOW, (held, answer), stall=2 * SILENCE, retries=0, timeout=SILENCE)


@fault("service", "ids that it kept are gone", weight=3)
def _gone(scene: Scene, answer: Answer) -> Effect:
    scene.service.forget_all()
    return Effect(WHOLE, (answer,), refusals=("previous_response_not_found", "None"))


@fault("service", "somebody else is in the conversation")
def _locked(scene: Scene, answer: Answer) -> Effect:
    said = "Another process is currently operating on this conversation."
    error = fake.error(400, "conversation_locked", said, headers={"retry-after-ms": "5"})
    return Effect(WHOLE, (error, answer), stall=1.0)


@fault("stream", "an end without a last event", weight=4)
def _truncated(scene: Scene, answer: Answer) -> Effect:
    cut = answer.eof_after(scene.chance.randint(0, 60))
    return Effect(ANYHOW, (cut, answer))


@fault("stream", "garbage between events", weight=6)
def _garbage(scene: Scene, answer: Answer) -> Effect:
    spoiled = answer.spoil_after(scene.chance.randint(0, 30), scene.chance.choice(GARBAGE))
    return Effect(ANYHOW, (spoiled, answer))


@fault("stream", "what a client is to pass over", weight=3)
def _odd(scene: Scene, answer: Answer) -> Effect:
    chance = scene.chance
    odd = answer.spoil_after(chance.randint(1, 30), chance.choice(HARMLESS))
    odd = chance.choice((odd, odd.with_done(), odd.with_comments(), odd.with_keepalives()))
    odd = chance.choice((odd, odd.without_usage(), odd.empty_output(), odd.without_event_lines()))
    # A line of ours in the middle has an end of its own.
    ending = chance.choice(("\n", "\r\n"))
    return Effect(WHOLE, (odd.line_ending(ending),))


@fault("stream", "an error event", weight=4)
def _error_event(scene: Scene, answer: Answer) -> Effect:
    chance = scene.chance
    failure = fake.in_stream_error(
        chance.choice(("nested", "flat", "bare")),
        chance.choice(("server_error", "rate_limit_exceeded", "invalid_prompt")),
        "The server had an error, which was injected here.",
        after=chance.randint(0, 12),
    )
    broken = replace(answer, stream_error=failure.stream_error)
    return Effect(ANYHOW, (broken, answer))


@fault("stream", "a response that failed")
def _failed(scene: Scene, answer: Answer) -> Effect:
    words = _words(answer)
    failed = fake.failed(
        "server_error",
        "The server had an error, which was injected here.",
        text=words[: scene.chance.choice((0, 40))],
    )
    return Effect(ANYHOW, (failed, answer))


@fault("stream", "an answer that stops at a limit")
def _incomplete(scene: Scene, answer: Answer) -> Effect:
    text = _words(answer)[: scene.chance.choice((0, 30))]
    return Effect(frozenset({"incomplete"}), (fake.incomplete(text, reasoning="**Hm**"),))


@fault("user", "the interrupt button", weight=6)
def _interrupt(scene: Scene, answer: Answer) -> Effect:
    held = scene.chance.choice((answer.hold(-1), answer.hold(scene.chance.randint(0, 40))))
    moment = scene.chance.choice((0.0, 0.001, 0.01, 0.05, 0.15, 0.3))
    return Effect(ANYHOW, (held,), stall=moment, stop=(moment,))


@fault("user", "the interrupt button, pressed until it helps", weight=2)
def _impatient(scene: Scene, answer: Answer) -> Effect:
    held = answer.hold(scene.chance.randint(-1, 40))
    moment = scene.chance.uniform(0, 0.1)
    return Effect(ANYHOW, (held,), stall=0.5, stop=tuple(moment + 0.02 * n for n in range(5)))


@fault("clock", "the clock jumps", weight=3)
def _clock(scene: Scene, answer: Answer) -> Effect:
    jump = scene.chance.choice((-86_400.0 * 400, -3_600.0, -1.0, 30.0, 86_400.0 * 40))
    slow = answer.pause(0.004)
    return Effect(WHOLE, (slow,), stall=1.5, clock=jump)


def _words(answer: Answer) -> str:
    return str(answer.output[-1].get("text"))


def answer_of(chance: random.Random, number: int) -> Answer:
    """Return an answer that no other turn has: a few words or a page of them, in any script."""
    words = ["alpha", "**bold**", "`code`", "naïve", "数据", "🙂", "$x^2$", "a|b", "\\(y\\)", "ok."]
    count = chance.choice((1, 3, 8, 20, 60))
    text = f"Answer {number}: " + " ".join(chance.choice(words) for _ in range(count))
    if chance.random() < 0.2:
        text += f"\n\n```python\nprint({number})\n```\n\n- one\n- two\n"
    thinking = chance.choice((None, "**Thinking** about it.", ["**One**", "**Two**"]))
    return fake.text(text.strip(), reasoning=thinking)
