"""The extension in IPython's terminal: plain text, streamed, that a terminal only shows."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_service import (
    Answer,
    FakeService,
    error,
    function_call,
    incomplete,
    refusal,
    text,
)
from tests.kernels import clean_environment, connected, environment_of, running_shell

# What an answer may hold to take a terminal over: titles, cursors, colours, links, bells, C1.
HOSTILE = "a\x1b]0;title\x07b\x1b[2Jc\x9b31md\x1b]8;;http://evil.test\x07e\rf\x08g\x00h"
TAME = "a]0;titleb[2Jc31md]8;;http://evil.testefgh"


@pytest.fixture
def shell(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A shell with the extension, connected to the service."""
    for name in environment_of(service):
        # So that what the cell sets is gone afterwards.
        monkeypatch.setenv(name, "")
    with running_shell() as shell:
        shell.run_cell(connected(service), silent=True).raise_error()
        yield shell


def run(shell: Any, code: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a cell, and return what it printed."""
    capsys.readouterr()
    shell.run_cell(code)
    return capsys.readouterr().out


@pytest.mark.parametrize("code", ["%%codex\nWhy?", "%codex ask Why?", "%codex why?"])
def test_an_answer_is_plain_text(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    """The thought, the Markdown as it is, and a footer; no HTML, and nothing twice."""
    service.enqueue(text("# Title\n\n* `x`", reasoning="Thinking of it"))

    printed = run(shell, code, capsys)

    assert printed.startswith("Thinking of it\n\n# Title\n\n* `x`\ngpt-5.4-mini · ")
    assert "sent: the prompt" in printed
    assert "<" not in printed
    assert 1 == printed.count("# Title")


@pytest.mark.parametrize(
    ("code", "footer"),
    [
        ("%%codex\nWhy?", True),
        ("%codex ask Why?", True),
        ("%%codex --raw\nWhy?", False),
        ("from codex_magic import ask; ask('Why?')", True),
        ("from codex_magic import ask; ask('Why?', quiet=False)", True),
        ("%codex ask -q Why?\n%codex show", True),
        ("%codex ask -q Why?\n%codex show 1", True),
        (
            "from codex_magic import CodexClient\n"
            "with CodexClient() as client:\n"
            "    response = client.responses.create(model='gpt-5.4-mini', input='Why?')\n"
            "response",
            False,
        ),
    ],
)
@pytest.mark.parametrize("make", [text, refusal])
def test_nothing_in_an_answer_commands_the_terminal(
    shell: Any,
    service: FakeService,
    capsys: pytest.CaptureFixture[str],
    code: str,
    footer: bool,
    make: Any,
) -> None:
    """Escape sequences lose their first character, on every way to the screen."""
    service.enqueue(make(HOSTILE))

    printed = run(shell, code, capsys)

    assert TAME in printed
    assert 1 == printed.count(TAME)
    assert not [character for character in printed if character < " " and character not in "\n\t"]
    assert "\x9b" not in printed
    assert footer == ("sent: the prompt" in printed)


@pytest.mark.parametrize(
    "answer", [error(400, "bad", f"No. {HOSTILE}"), text("Thought", reasoning=HOSTILE)]
)
def test_nor_does_anything_else_that_a_service_sends(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str], answer: Answer
) -> None:
    """Not the message of an error, and not a thought."""
    service.enqueue(answer)

    printed = run(shell, "%%codex\nWhy?", capsys)

    assert "title" in printed
    assert "\x1b]" not in printed
    assert "\x1b[2J" not in printed
    assert "\x9b" not in printed


@pytest.mark.parametrize("make", [text, refusal])
def test_the_history_is_harmless(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str], make: Any
) -> None:
    """What was said is listed in one line each, a refusal too, without escape sequences."""
    service.enqueue(make(HOSTILE))

    printed = run(shell, "%codex ask -q Why?\n%codex history", capsys)

    assert f"→{TAME}\n" == "→" + printed.partition("→")[2].replace(" ", "")


def test_an_error_is_one_line(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal prints its line, and no traceback."""
    service.enqueue(error(400, "bad", "This cannot be."))

    printed = run(shell, "%%codex\nWhy?", capsys)

    assert 1 == len(printed.strip().splitlines())
    assert "InvalidRequestError: This cannot be." in printed


def test_a_broken_answer_keeps_its_words(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    """What arrived stays on the screen, above the one line of the error."""
    service.enqueue(text("Half of it, and the rest.", chunks=10).cut_after(8))

    printed = run(shell, "%%codex\nWhy?", capsys)

    assert printed.startswith("Half of it")
    assert "interrupted" in printed
    assert "is kept" in printed.strip().splitlines()[-1]


def test_what_an_answer_leaves_to_say(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    """An incomplete answer says why, after it; a notice stands before it."""
    shell.run_cell("%codex config model=gpt-5.1-codex-mini")
    service.enqueue(incomplete("So far and"))

    printed = run(shell, "%%codex\nWhy?", capsys)

    assert printed.startswith("gpt-5.1-codex-mini is not served here any more")
    assert printed.index("So far and") < printed.index("--max-output-tokens")


def test_a_shown_answer_is_a_value_too(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    """IPython's ``Out[3]:`` is not left empty, and the answer not written twice."""
    service.enqueue(text("Forty-two."))

    shell.run_cell("%codex ask Why?", store_history=True)
    printed = capsys.readouterr().out
    shell.run_cell("_", store_history=True)
    later = capsys.readouterr().out

    assert printed.endswith(": the reply; its text is _.text\n")
    assert 1 == printed.count("Forty-two.")
    assert "Forty-two." in later


def test_an_assigned_answer(
    shell: Any, service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    """`x = %codex ask` prints once, and gives the reply."""
    printed = run(shell, "x = %codex ask -q Why?\nprint(repr(x))", capsys)

    assert printed.startswith('Reply(completed, "Seen 1 user messages.')


class Terminal:
    """IPython in a pseudo-terminal, as a user runs it."""

    def __init__(self, folder: Path, service: FakeService, *, simple: bool = True) -> None:
        term = "dumb" if simple else "xterm"
        environment = {**clean_environment(folder, **environment_of(service)), "TERM": term}
        command = ["-m", "IPython", "--no-banner", "--colors=NoColor"]
        command += ["--simple-prompt"] if simple else []
        # IPython itself needs it, but not on Windows. It ships no types.
        import pexpect  # type: ignore[import-untyped]

        self.process = pexpect.spawn(
            sys.executable,
            command,
            env=environment,
            cwd=str(folder),
            timeout=30,
            encoding="utf-8",
            use_poll=True,
        )
        self.process.expect_exact("In [1]:")

    def type(self, line: str) -> None:
        self.process.sendline(line)

    def see(self, words: str) -> str:
        """Wait for words on the screen, and return what came before them."""
        self.process.expect_exact(words)
        return str(self.process.before)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_a_real_terminal(tmp_path: Path, service: FakeService) -> None:
    """Words appear while the service holds the rest; Ctrl-C ends it; the next question works."""
    service.enqueue(text("First words. Then the rest.", chunks=9).hold(after=8))
    terminal = Terminal(tmp_path, service)
    try:
        terminal.type("%load_ext codex_magic")
        terminal.see("In [2]: ")
        terminal.type("%codex config model=gpt-5.4-mini")
        terminal.see("In [3]: ")

        terminal.type("%codex ask What's up?")
        terminal.see("First words.")
        request = service.requests[-1]
        unfinished = not request.finished
        terminal.process.sendintr()
        stopped = terminal.see("In [4]: ")
        service.wait_until(lambda: request.disconnected)
        terminal.type("%%codex")
        terminal.type("Go on (")
        # A blank line, and another one: this prompt joins lines without the last line's end.
        terminal.type("")
        terminal.type("")
        answered = terminal.see("sent: the prompt, 1 earlier turn")

        assert unfinished
        assert "Interrupted: the answer was stopped." in stopped
        assert "Traceback" not in stopped
        assert "Last: 'Go on ('" in answered.replace("\r\n", "")
    finally:
        terminal.process.close(force=True)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_a_session_in_a_terminal(tmp_path: Path, service: FakeService) -> None:
    """A call is asked about, slips are one line, the status is a table, the background is told of."""
    service.enqueue(function_call("add", a=1, b=2), text("It is three."))
    terminal = Terminal(tmp_path, service)
    try:
        terminal.type("%load_ext codex_magic")
        terminal.see("In [2]: ")
        terminal.type("%codex config model=gpt-5.4-mini")
        terminal.see("In [3]: ")
        terminal.type("add = lambda a, b: a + b; add.__name__ = 'add'")
        terminal.see("In [4]: ")

        terminal.type("%codex ask -t add What is 1 + 2?")
        question = terminal.see("[e]dit: ")
        terminal.type("y")
        answered = terminal.see("In [5]: ")
        terminal.type("%codex ask -v ad Why?")
        slip = terminal.see("In [6]: ")
        terminal.type("%codex status")
        status = terminal.see("In [7]: ")

        assert "add(a=1, b=2)" in question
        assert "add(a=1, b=2) → 3" in answered
        assert "It is three." in answered
        assert "did you mean add?" in slip
        assert "Traceback" not in slip
        assert "gpt-5.4-mini" in status
        assert "main, 1 turn" in status
        assert "<" not in question + answered + slip + status
    finally:
        terminal.process.close(force=True)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_tab_in_a_terminal(tmp_path: Path, service: FakeService) -> None:
    """A command, an option and its value are completed where a user types them."""
    terminal = Terminal(tmp_path, service, simple=False)
    try:
        terminal.type("%load_ext codex_magic")
        terminal.see("In [2]:")

        # Only what is new is written to a terminal: the end of each word.
        terminal.process.send("%codex stat\t")
        terminal.see("us")
        terminal.process.send("\r")
        terminal.see("conversation  main")
        terminal.see("In [3]:")
        terminal.process.send("%codex ask --verbo\t")
        terminal.see("sity")
    finally:
        terminal.process.close(force=True)
