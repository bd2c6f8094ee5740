"""Where a growing reply is drawn: bounded in messages, bytes and outputs, whole in the end."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.displaypub import DisplayPublisher
from IPython.utils.capture import capture_output

from codex_magic.conversation.session import Notice
from codex_magic.display.reply import Reply
from codex_magic.display.screen import CellScreen, QuietScreen, TextScreen
from codex_magic.errors import APIError
from tests.kernels import running_shell

from .test_reply import delta, ended, grown, thought

BLOCKS = "".join(f"Paragraph {number} of *many*, with words in it.\n\n" for number in range(420))
ONE_BLOCK = "word " * 4000
CODE = "```python\n" + "x = 1  # a line\n" * 1200 + "```\n"


class Page(DisplayPublisher):
    """A publisher that keeps the outputs as a front end does, and counts the messages."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.outputs: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.most = 0
        self.cleared: list[str] = []
        self._clear = False

    def publish(self, data: Any, metadata: Any = None, source: Any = None, **options: Any) -> None:
        name = (options.get("transient") or {}).get("display_id")
        self.sizes.append(sum(map(len, data.values())))
        output = {"data": data, "metadata": metadata, "name": name}
        if options.get("update"):
            (place,) = [i for i, known in enumerate(self.outputs) if known["name"] == name]
            self.outputs[place] = output
            return
        if self._clear:
            self.outputs.clear()
            self._clear = False
        self.outputs.append(output)
        self.most = max(self.most, len(self.outputs))

    def clear_output(self, wait: bool = False) -> None:
        self.cleared.append(self.html)
        self._clear = wait
        if not wait:
            self.outputs.clear()

    @property
    def html(self) -> str:
        """All that is seen."""
        return "".join(output["data"]["text/html"] for output in self.outputs)


@pytest.fixture
def shell() -> Iterator[Any]:
    """A shell of a notebook; `shell.display_pub` is its page."""
    with running_shell() as shell:
        kept = shell.display_pub
        shell.display_pub, shell.kernel = Page(shell=shell), "the notebook's"
        yield shell
        shell.display_pub = kept


def draw(screen: CellScreen, reply: Reply) -> None:
    """Draw as soon as it is time to."""
    time.sleep(screen.pause())
    screen.draw(reply)


def test_a_cell_of_ours_ends_as_one_output(shell: Any) -> None:
    """The chunks give way to one bundle, in one step."""
    reply, screen = grown(thought("Hm")), CellScreen(shell, ours=True)
    draw(screen, reply)
    reply.apply(delta("So "))
    draw(screen, reply)
    during = shell.display_pub.html
    reply.apply(ended("So it is."))
    screen.finish(reply)

    (output,) = shell.display_pub.outputs
    assert "So" in during
    assert "Hm" in during
    assert "So it is." == output["data"]["text/plain"]
    assert output["name"] is None


@pytest.mark.parametrize(("words", "early"), [(BLOCKS, True), ("Short. ", False)])
def test_the_last_words_of_a_long_answer_wait_for_nothing(
    shell: Any, words: str, early: bool
) -> None:
    """They are there before all of it is drawn anew; of a short answer that is soon enough."""
    reply, screen = grown(delta(words)), CellScreen(shell, ours=True)
    draw(screen, reply)
    reply.apply(delta("The end."))
    reply.apply(ended(f"{words}The end."))
    screen.finish(reply)

    assert early is ("The end." in shell.display_pub.cleared[-1])
    assert "The end." in shell.display_pub.html


def test_elsewhere_the_chunks_stay(shell: Any) -> None:
    """What the cell showed before stays; the last chunk has the footer and the provenance."""
    shell.display_pub.publish({"text/html": "before", "text/plain": ""})
    reply, screen = grown(thought("Hm")), CellScreen(shell, ours=False)
    draw(screen, reply)
    reply.apply(ended("So it is."))
    screen.finish(reply)

    first, *ours = shell.display_pub.outputs
    assert "before" == first["data"]["text/html"]
    assert "<details" in ours[0]["data"]["text/html"]
    assert "So it is." in ours[-1]["data"]["text/html"]
    assert reply.footer().partition(" ")[0] in ours[-1]["data"]["text/html"]
    assert "codex_magic" in ours[-1]["metadata"]
    assert "sending" not in shell.display_pub.html


@pytest.mark.parametrize(("text", "step"), [(BLOCKS, 500), (ONE_BLOCK, 2500), (CODE, 2500)])
def test_what_is_settled_is_not_drawn_again(shell: Any, text: str, step: int) -> None:
    """A drawing costs what is open, one message or two, and no output beyond the chunks."""
    reply, screen = Reply("Why?", model="m"), CellScreen(shell, ours=False)
    for start in range(0, len(text), step):
        reply.apply(delta(text[start : start + step]))
        draw(screen, reply)
    reply.apply(ended(text))
    screen.finish(reply)

    page = shell.display_pub
    assert page.most <= len(text) / 3000 + 2
    assert len(page.sizes) <= 2 * (len(text) // step + 1) + 2
    if text is BLOCKS:
        assert max(page.sizes) < len(text) / 3
        assert sum(page.sizes) < 8 * len(text)
    assert text.split()[-1].strip("`") in page.html


def test_it_draws_on_a_clock(shell: Any) -> None:
    """A thousand deltas at once are one drawing."""
    reply, screen = Reply("Why?", model="m"), CellScreen(shell, ours=True)
    for _ in range(1000):
        reply.apply(delta("word "))
        screen.draw(reply)

    assert len(shell.display_pub.sizes) <= 3
    assert 0 <= screen.pause() <= 1


@pytest.mark.parametrize("ours", [True, False])
def test_an_error_without_words_leaves_nothing(shell: Any, ours: bool) -> None:
    """Progress is wiped; the line of the error is IPython's."""
    reply, screen = Reply("Why?", model="m"), CellScreen(shell, ours=ours)
    draw(screen, reply)
    reply.error = APIError("No.")
    screen.finish(reply)

    assert "" == shell.display_pub.html


@pytest.mark.parametrize("ours", [True, False])
def test_an_error_before_anything_was_drawn_draws_nothing(shell: Any, ours: bool) -> None:
    """Not even an empty output."""
    reply, screen = Reply("Why?", model="m"), CellScreen(shell, ours=ours)
    reply.error = APIError("No.")
    screen.finish(reply)

    assert [] == shell.display_pub.sizes


@pytest.mark.parametrize("ours", [True, False])
def test_words_that_were_never_drawn_are_drawn_in_the_end(shell: Any, ours: bool) -> None:
    """Also where the answer broke off before the first drawing."""
    reply, screen = grown(delta("Half")), CellScreen(shell, ours=ours)
    reply.error = APIError("Broken.")
    screen.finish(reply)

    assert "Half" in shell.display_pub.html


def test_captured_outputs_hold_the_end_only(shell: Any) -> None:
    """Nobody watches a captured answer grow."""
    reply, screen = grown(delta("So ")), CellScreen(shell, ours=False)
    with capture_output() as captured:
        draw(screen, reply)
        reply.apply(ended("So it is."))
        screen.finish(reply)

    assert ["So it is."] == [output.data["text/plain"] for output in captured.outputs]


def test_a_quiet_screen_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It only says how often an interrupt is looked for."""
    screen = QuietScreen()
    screen.draw(grown(delta("So")))
    screen.finish(grown(ended("So")))

    assert 0 < screen.pause() <= 0.1
    assert ("", "") == capsys.readouterr()


class Screen(io.StringIO):
    """A terminal, as far as a program can tell."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_dims_what_is_not_the_answer() -> None:
    """Notices, thoughts and footer are dim; the answer is not, and nothing is written twice."""
    out, notes = io.StringIO(), Screen()
    reply, screen = grown(Notice("Mind \x1b[2J this."), thought("Hm")), TextScreen(out, notes)
    screen.draw(reply)
    reply.apply(delta("So \x07"))
    time.sleep(screen.pause())
    screen.draw(reply)
    reply.apply(ended("So \x07it is."))
    screen.finish(reply)

    assert "So it is.\n" == out.getvalue()
    assert notes.getvalue().startswith("\x1b[2mMind [2J this.\n\x1b[0m\x1b[2mHm\x1b[0m")
    assert 1 == notes.getvalue().count("Hm")
    assert reply.footer() in notes.getvalue()


def test_text_without_notes_is_the_source_alone() -> None:
    """--raw writes the Markdown, ended by one line end."""
    out = io.StringIO()
    TextScreen(out).finish(grown(Notice("Mind"), thought("Hm"), ended("*So*\n")))

    assert "*So*\n" == out.getvalue()


def test_an_error_without_words_writes_nothing() -> None:
    """A footer would say what an answer took that never came."""
    out = io.StringIO()
    reply = Reply("Why?", model="m")
    reply.error = APIError("No.")
    TextScreen(out, out).finish(reply)

    assert "" == out.getvalue()


def test_the_first_words_wait_for_nothing(shell: Any) -> None:
    """They are drawn as they come, though the header was drawn just before; the next ones wait."""
    reply, screen = grown(), CellScreen(shell, ours=True)
    screen.draw(reply)
    before = screen.pause()
    reply.apply(delta("So "))
    screen.draw(reply)
    first = shell.display_pub.html
    reply.apply(delta("it is."))
    screen.draw(reply)

    assert 0.0 == before
    assert "So" in first
    assert "it is" not in shell.display_pub.html
    assert screen.pause() > 0
