"""The interrupt button, at every moment of a question, in a real kernel."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fake_service import FakeService, error, text
from tests.kernels import Executed, Kernel, Message, connected, running_kernel

# The kernel needs some milliseconds to hear of the signal; the rest is a machine that is busy.
SOON = 10.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="an interrupt there is an event")


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


class Press:
    """Presses the interrupt button once, at the first message that shows some words."""

    def __init__(self, kernel: Kernel, service: FakeService, *words: str) -> None:
        self._kernel = kernel
        self._service = service
        self._words = words
        self._pressed: float | None = None
        self.disconnected_after: float | None = None

    def __call__(self, message: Message) -> None:
        if self._pressed is None and all(word in message.text for word in self._words):
            self.now()

    def now(self) -> None:
        self._pressed = time.monotonic()
        self._kernel.interrupt()

    def wait_for_disconnect(self) -> float:
        """Return the seconds from the button to the moment when the service saw it."""
        assert self._pressed is not None, "The words to wait for never came."
        request = self._service.requests[-1]
        self._service.wait_until(lambda: request.disconnected)
        return time.monotonic() - self._pressed


class Watching(Press):
    """Also waits, at once, until the service has seen that the client left."""

    def now(self) -> None:
        self._service.wait_for_request()
        super().now()
        self.disconnected_after = self.wait_for_disconnect()
        print(f"disconnected {1000 * self.disconnected_after:.0f} ms after the button")


def assert_interrupted(executed: Executed) -> None:
    """The cell fails, with one line, and says that it was interrupted."""
    assert "error" == executed.status
    assert 1 == len(executed.traceback)
    assert executed.traceback[0].startswith("Interrupted: ")
    assert "" == executed.stderr


def prompts(service: FakeService) -> list[str]:
    """What the model saw in the last request: the texts of all items."""
    found = []
    for item in service.requests[-1].context:
        content = item.get("content") or ""
        parts = [content] if isinstance(content, str) else [p.get("text", "") for p in content]
        found.append(" ".join(parts))
    return found


@pytest.mark.parametrize("magic", ["%%codex\n", "%codex ask "])
def test_in_the_middle_of_the_words(kernel: Kernel, service: FakeService, magic: str) -> None:
    """The partial answer stays as one output, and the next question carries it."""
    service.enqueue(text("Half of it, and the other half.", chunks=10).hold(after=8))
    press = Watching(kernel, service, "Half")

    executed = kernel.run(f"{magic}Why?", press)
    after = kernel.run("%%codex\nGo on")

    assert_interrupted(executed)
    assert press.disconnected_after is not None
    assert press.disconnected_after < SOON
    (output,) = executed.displays
    assert output["data"]["text/plain"].startswith("Half of it")
    assert "other half" not in output["data"]["text/plain"]
    assert "interrupted" in output["data"]["text/html"]
    assert {"text/html", "text/plain"} == set(output["data"])
    assert "ok" == after.status
    first, partial, second = prompts(service)
    assert ("Why?", "Go on") == (first, second)
    assert partial.startswith(output["data"]["text/plain"])
    assert "[The answer was interrupted here.]" in partial


def test_before_the_first_byte(kernel: Kernel, service: FakeService) -> None:
    """Where nothing had come, the error says so, and the next question works."""
    service.enqueue(text("Never").hold(after=-1))
    press = Watching(kernel, service, "waiting")

    executed = kernel.run("%%codex\nWhy?", press)
    after = kernel.run("%%codex\nAgain")

    assert_interrupted(executed)
    assert "Nothing had arrived." in executed.traceback[0]
    assert press.disconnected_after is not None
    assert press.disconnected_after < SOON
    assert "Never" not in executed.html
    assert "waiting" not in executed.html
    assert "ok" == after.status
    assert "Again" == prompts(service)[-1]


def test_in_the_middle_of_the_reasoning(kernel: Kernel, service: FakeService) -> None:
    """The thought stays on the screen, folded; its unsealed item is not sent back."""
    answer = text("Never", reasoning="Pondering deeply about many things")
    service.enqueue(answer.hold(after=7))
    press = Watching(kernel, service, "Pondering")

    executed = kernel.run("%%codex\nWhy?", press)
    after = kernel.run("%%codex\nAgain")

    assert_interrupted(executed)
    assert 1 == len(executed.displays)
    assert "Pondering" in executed.html
    assert "<details" in executed.html
    assert "ok" == after.status
    assert "reasoning" not in [item.get("type") for item in service.requests[-1].body["input"]]  # type: ignore[index]


def test_while_waiting_to_try_again(kernel: Kernel, service: FakeService) -> None:
    """A wait of a minute ends at once, and nothing is sent again."""
    busy = error(503, None, "Overloaded", "server_error", headers={"retry-after": "60"})
    service.enqueue(busy)
    press = Press(kernel, service, "try again")

    executed = kernel.run("%%codex\nWhy?", press)
    sent = len(service.requests)
    after = kernel.run("%%codex\nAgain")

    assert_interrupted(executed)
    assert executed.seconds < 30
    assert 1 == sent
    assert "ok" == after.status


@contextmanager
def deaf_address() -> Iterator[str]:
    """An address at which nobody accepts: the queue of connections is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue refuses")
def test_while_connecting(kernel: Kernel, service: FakeService) -> None:
    """A service that does not answer at all does not hold the kernel."""
    with deaf_address() as address:
        kernel.run(f"%codex config base_url={address} max_retries=0")
        press = Press(kernel, service, "waiting")

        executed = kernel.run("%%codex\nWhy?", press)

    assert_interrupted(executed)


def test_a_quiet_question(kernel: Kernel, service: FakeService) -> None:
    """With -q and -o nothing is shown, and half an answer does not get into the variable."""
    service.enqueue(text("Half of it, and the other half.", chunks=10).hold(after=8))
    press = Watching(kernel, service)

    def when_sent(message: Message) -> None:
        if message.type == "execute_input":
            press.now()

    executed = kernel.run("%%codex -q -o kept\nWhy?", when_sent)

    assert_interrupted(executed)
    assert [] == executed.displays
    assert "False" in kernel.run("print('kept' in globals())").stdout


@pytest.mark.parametrize("options", ["", ", quiet=False"])
def test_a_loop_that_swallows_exceptions_stops(
    kernel: Kernel, service: FakeService, options: str
) -> None:
    """`except Exception` does not swallow the button: no second question is sent."""
    service.enqueue(text("Half and half", chunks=4).hold(after=6))

    def when_sent(message: Message) -> None:
        if message.type == "execute_input":
            service.wait_for_request()
            kernel.interrupt()

    executed = kernel.run(
        "from codex_magic import ask\n"
        "for number in range(3):\n"
        f"    try: ask(f'Question {{number}}'{options})\n"
        "    except Exception: print('swallowed')\n",
        when_sent,
    )

    assert_interrupted(executed)
    assert "swallowed" not in executed.stdout
    assert 1 == len(service.requests)


def test_the_error_carries_the_reply(kernel: Kernel, service: FakeService) -> None:
    """Who catches the interrupt finds what had arrived."""
    service.enqueue(text("Half of it, and the rest.", chunks=10).hold(after=8))
    code = """
from codex_magic import AnswerInterrupted, ask
try:
    ask("Why?", quiet=False)
except AnswerInterrupted as stopped:
    print(stopped.reply.status, repr(stopped.reply.text), isinstance(stopped, KeyboardInterrupt))
"""

    executed = kernel.run(code, Press(kernel, service, "Half"))

    assert "ok" == executed.status
    assert executed.stdout.startswith("interrupted 'Half of it")
    assert executed.stdout.endswith("True\n")


def test_an_awaited_question(tmp_path: Path, service: FakeService) -> None:
    """`await aask()` ends too, quietly; the service sees it, and the partial answer is kept."""
    with running_kernel(tmp_path) as kernel:
        kernel.run(connected(service))
        service.enqueue(text("Half of it, and the rest.", chunks=10).hold(after=8))
        press = Watching(kernel, service)

        def when_sent(message: Message) -> None:
            if message.type == "execute_input":
                press.now()

        code = "from codex_magic import aask\nawait aask('Why?')"
        executed = kernel.run(code, when_sent, patience=60)
        after = kernel.run("%%codex\nGo on")

        assert "error" == executed.status
        assert "ok" == after.status
        assert "Why?" == prompts(service)[0]
        noise = kernel.log + executed.stderr + after.stderr
        assert "InvalidStateError" not in noise
        assert "Exception in callback" not in noise


@pytest.mark.parametrize("times", [2, 5, 40])
def test_an_impatient_user(kernel: Kernel, service: FakeService, times: int) -> None:
    """Pressing again while the first one is handled breaks neither kernel nor conversation."""
    for _ in range(3):
        service.enqueue(text("Half of it, and the rest.", chunks=10).hold(after=8))
        pressed = False

        def press(message: Message) -> None:
            nonlocal pressed
            if "Half" in message.text and not pressed:
                pressed = True
                for _ in range(times):
                    kernel.interrupt()
                    time.sleep(0.003)

        executed = kernel.run("%%codex --new\nWhy?", press)
        after = kernel.run("%%codex\nGo on")

        assert_interrupted(executed)
        assert "ok" == after.status
        assert "Why?" == prompts(service)[0]
        assert prompts(service)[1].startswith("Half of it")


def test_the_button_works_again_after_an_interrupt(kernel: Kernel, service: FakeService) -> None:
    """Code that goes on after an interrupted question can be interrupted itself."""
    service.enqueue(text("Half of it, and the rest.", chunks=10).hold(after=8))
    code = """
from codex_magic import ask
try:
    ask("Why?", quiet=False)
except KeyboardInterrupt:
    print("went on")
import threading
threading.Event().wait(60)
"""

    def press(message: Message) -> None:
        if "Half" in message.text:
            kernel.interrupt()
        if "went on" in message.text:
            time.sleep(0.6)
            kernel.interrupt()

    executed = kernel.run(code, press, patience=30)

    assert "error" == executed.status
    assert "KeyboardInterrupt" == executed.error["ename"]
    assert "went on" in executed.stdout


def test_at_any_moment(kernel: Kernel, service: FakeService) -> None:
    """Whenever the button is pressed, the next question goes to a valid conversation."""
    moments: list[Callable[[Message], bool]] = [
        lambda message: message.type == "execute_input",
        *(lambda message, word=word: word in message.text for word in ("waiting", "Thin", "One")),
    ]
    for moment in moments:
        service.enqueue(text("One two three four", reasoning="Thinking").pause(0.05))
        pressed = False

        def press(message: Message, moment: Callable[[Message], bool] = moment) -> None:
            nonlocal pressed
            if not pressed and moment(message):
                pressed = True
                kernel.interrupt()

        executed = kernel.run("%%codex\nWhy?", press)
        after = kernel.run("%%codex\nNext")

        assert executed.status in ("error", "lost")
        assert "ok" == after.status


def test_a_button_that_hits_what_begins_a_cell_is_not_lost(kernel: Kernel) -> None:
    """IPython would print it as an error of a callback, and run the cell to its end."""
    kernel.run("""
import signal, sys
def press(frame, event, argument):
    if (event, frame.f_code.co_name) == ("call", "_begin") and "recorder" in frame.f_code.co_filename:
        sys.setprofile(None)
        signal.raise_signal(signal.SIGINT)
sys.setprofile(press)
""")

    executed = kernel.run("import time\nfor _ in range(600): time.sleep(0.1)")

    assert "KeyboardInterrupt" == executed.error["ename"]
    assert [] == [message.text for message in executed.published("stream")]
    assert "True" in kernel.run("print(sys.getprofile() is None)").stdout
