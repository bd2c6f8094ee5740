"""Tests of what is written down while cells run: sources, outputs, errors, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codex_magic.context.recording import HEAD, TAIL
from tests.context.recorded import ATTACHED, Json, attach, cells, recording_kernel, run
from tests.kernels import Kernel


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for all tests of this file."""
    with recording_kernel(tmp_path_factory.mktemp("recorder")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel) -> Kernel:
    """The kernel, recording from nothing."""
    attach(running)
    return running


def last(kernel: Kernel) -> Json:
    """Return the cell before the one that asks."""
    return cells(kernel)[-2]


def outputs(kernel: Kernel) -> list[tuple[str, str]]:
    """Return kind and text of the last cell's outputs."""
    return [(output["kind"], output["text"]) for output in last(kernel)["outputs"]]


def test_a_cell_is_recorded_with_its_number(kernel: Kernel) -> None:
    """Source, number and result are as the notebook has them, also while the next cell runs."""
    done = run(kernel, "# a comment\n40 + 2")

    before, running = cells(kernel)[-2:]

    assert "# a comment\n40 + 2" == before["source"]
    assert done.displays[0]["execution_count"] == before["count"]
    assert before["count"] + 1 == running["count"]
    assert [False, True] == [before["running"], running["running"]]
    assert [("result", "42")] == [(o["kind"], o["text"]) for o in before["outputs"]]
    assert before["message_id"]
    assert 0 < before["seconds"] < 60


def test_the_cell_that_attaches_is_recorded(kernel: Kernel) -> None:
    """The cell that loads the extension has begun before anybody is told: it is taken in."""
    first = cells(kernel)[0]

    assert first["source"].endswith(ATTACHED)
    assert 0 < first["count"]


def test_prints_and_displays_stand_in_order(kernel: Kernel) -> None:
    """Both streams, displays and the result come in the order in which they were shown."""
    run(
        kernel,
        "import sys\nfrom IPython.display import display\nprint('a')\nprint('b', file=sys.stderr)\n"
        "display(1)\nprint('c')\n2",
    )

    shown = last(kernel)["outputs"]

    assert [
        ("stream", "stdout", "a\n"),
        ("stream", "stderr", "b\n"),
        ("display", "", "1"),
        ("stream", "stdout", "c\n"),
        ("result", "", "2"),
    ] == [(output["kind"], output["name"], output["text"]) for output in shown]


def test_threads_processes_and_libraries_print_into_their_cell(kernel: Kernel) -> None:
    """What a thread prints or displays is recorded, and what C code writes to the descriptor."""
    run(
        kernel,
        "import threading, subprocess\nfrom IPython.display import display\n"
        "def work(): print('thread'); display('shown')\n"
        "t = threading.Thread(target=work); t.start(); t.join()\n!echo process",
    )

    texts = [text for _, text in outputs(kernel)]

    assert ["thread\n", "'shown'"] == texts[:2]
    assert "process" in texts[2]


def test_what_comes_after_the_end_goes_to_its_cell(kernel: Kernel) -> None:
    """A task that prints while another cell runs prints into the cell that started it."""
    run(
        kernel,
        "import asyncio\nasync def late():\n    await asyncio.sleep(0.01); print('late')\n"
        "task = asyncio.ensure_future(late())",
    )

    done = kernel.run("await task")
    first = cells(kernel)[-3]

    assert "ok" == done.status
    assert ["late\n"] == [output["text"] for output in first["outputs"]]


def test_an_error_is_recorded_as_it_was_shown(kernel: Kernel) -> None:
    """The traceback is there, without colours, and the cell counts as failed."""
    kernel.run("def f(): return 1 / 0\nf()")

    failed = last(kernel)
    error = failed["outputs"][0]

    assert failed["failed"]
    assert ("error", "ZeroDivisionError") == (error["kind"], error["name"])
    assert error["text"].endswith("ZeroDivisionError: division by zero")
    assert "\x1b" not in error["text"]
    told = run(kernel, "print(repr(recorder.last_error.last()))").stdout
    assert "ZeroDivisionError('division by zero')" == told.strip()


@pytest.mark.parametrize(
    ("code", "name"), [("1 +* 2", "SyntaxError"), ("  x\n y", "IndentationError")]
)
def test_a_cell_that_does_not_compile_is_recorded(kernel: Kernel, code: str, name: str) -> None:
    """A syntax error is an error like any other."""
    kernel.run(code)

    failed = last(kernel)

    assert failed["failed"]
    assert [name] == [output["name"] for output in failed["outputs"]]


def test_an_update_replaces_what_it_updates(kernel: Kernel) -> None:
    """An output with a display id shows its last state, in the cell that displayed it."""
    run(kernel, "h = display('first', display_id=True); print('next')")

    run(kernel, "h.update('second')")
    first, second = cells(kernel)[-3:-1]

    assert ["'second'", "next\n"] == [output["text"] for output in first["outputs"]]
    assert [] == second["outputs"]


def test_what_is_cleared_is_gone(kernel: Kernel) -> None:
    """``clear_output`` takes away what was before it; with ``wait``, when something new comes."""
    run(
        kernel,
        "from IPython.display import clear_output\nprint('old')\nclear_output()\nprint('new')",
    )
    at_once = outputs(kernel)
    run(kernel, "for n in range(5):\n    clear_output(wait=True); print(n)")
    replaced = outputs(kernel)
    run(kernel, "print('stays'); clear_output(wait=True)")

    assert [("stream", "new\n")] == at_once
    assert [("stream", "4\n")] == replaced
    assert [("stream", "stays\n")] == outputs(kernel)


def test_a_progress_bar_is_its_last_state(kernel: Kernel) -> None:
    """What a carriage return or a colour code does is done; the codes are not kept."""
    run(
        kernel,
        "for n in range(2000): print(f'\\r{n:5} of 1999', end='')\n"
        "print('\\n\\x1b[31mred\\x1b[0m\\r')",
    )

    assert [("stream", " 1999 of 1999\nred\n")] == outputs(kernel)


def test_a_long_text_keeps_head_and_tail(kernel: Kernel) -> None:
    """Of a text that is too long the first and the last characters are kept, and how many not."""
    run(kernel, "for n in range(100_000): print(n)\n'x' * 100_000")

    printed, result = last(kernel)["outputs"]
    whole = "".join(f"{number}\n" for number in range(100_000))

    assert whole[:HEAD] + whole[-TAIL:] == printed["text"]
    assert len(whole) - HEAD - TAIL == printed["cut"]
    assert HEAD + TAIL == len(result["text"])
    assert 100_002 - HEAD - TAIL == result["cut"]


def test_what_is_captured_is_not_recorded(kernel: Kernel) -> None:
    """``%%capture`` shows nothing, so nothing is recorded, until it is shown after all."""
    run(kernel, "%%capture caught\nprint('hidden')\ndisplay('hidden')\nplt.plot([1]); plt.show()")
    hidden = outputs(kernel)
    run(kernel, "caught.show()")
    kinds = [kind for kind, _ in outputs(kernel)]

    assert [] == hidden
    assert ["stream", "display", "display"] == kinds


def test_a_cell_in_a_cell_is_part_of_it(kernel: Kernel) -> None:
    """``run_cell`` and ``%run`` put out into the cell that calls them."""
    run(kernel, "_ = get_ipython().run_cell('print(1)'); print(2)")

    before = cells(kernel)[-3:-1]

    assert ["1\n2\n"] == [output["text"] for output in before[1]["outputs"]]
    assert "recorder" not in before[1]["source"]


def test_an_interrupted_cell_has_ended(kernel: Kernel) -> None:
    """After an interrupt the cell counts as failed, and what it printed is kept."""
    code = "import time\nprint('before', flush=True)\nwhile True: time.sleep(0.01)"

    kernel.run(code, lambda message: kernel.interrupt() if message.type == "stream" else None)
    stopped = last(kernel)

    assert (True, False) == (stopped["failed"], stopped["running"])
    assert ["stream", "error"] == [output["kind"] for output in stopped["outputs"]]


@pytest.mark.parametrize(
    ("source", "ours"),
    [
        ("%%codex\nWhy?", True),
        ("%codex status", True),
        ("x = 1\n%codex status", False),
        ("'%codex'", False),
    ],
)
def test_a_cell_of_ours_is_known(kernel: Kernel, source: str, ours: bool) -> None:
    """A question is one, whether or not the magic is there; a cell that does more is the user's."""
    kernel.run(source)

    assert ours == last(kernel)["ours"]


def test_what_we_display_is_not_recorded(kernel: Kernel) -> None:
    """An answer is in the conversation; it is not an output, nor is its streaming."""
    run(
        kernel,
        "pub = get_ipython().display_pub.publish\n"
        "pub({'text/html': 'a'}, {}, transient={'display_id': 'codex-1'})\n"
        "pub({'text/html': 'b'}, {}, transient={'display_id': 'codex-1'}, update=True)\n"
        "pub({'text/html': 'c'}, {'codex_magic': {'model': 'm'}})\nprint('user')",
    )

    assert [("stream", "user\n")] == outputs(kernel)


def test_the_kinds_of_words_of_a_display(kernel: Kernel) -> None:
    """Markdown, LaTeX and JSON are kept as they were written, HTML beside its plain text."""
    run(
        kernel,
        "from IPython.display import HTML, JSON, Latex, Markdown\n"
        "for one in (Markdown('# T'), Latex('$x$'), JSON({'a': 1}), HTML('<b>h</b>')): display(one)",
    )

    shown = last(kernel)["outputs"]

    assert ["# T", "$x$", '{"a": 1}'] == [output["text"] for output in shown[:3]]
    assert "<b>h</b>" == shown[3]["html"]
    assert ["text/plain", "text/html"] == list(shown[3]["mimes"])


def test_objects_that_fail_to_show_themselves_do_no_harm(kernel: Kernel) -> None:
    """Bundles of odd types go through as they would without us, and the next cell is recorded."""
    run(
        kernel,
        "class Odd:\n    def _repr_mimebundle_(self, **_):\n"
        "        return {'text/plain': 'odd', 'image/png': 'not base64 é', 'text/html': 'x'}\n"
        "display(Odd())\ndisplay({'image/png': None, 'text/plain': 'none'}, raw=True)",
    )
    strange = outputs(kernel)
    kernel.run("get_ipython().display_pub.publish('no bundle')")
    failed = last(kernel)
    run(kernel, "print('next')")

    assert [("display", "odd"), ("display", "none")] == strange
    assert failed["failed"]
    assert [("stream", "next\n")] == outputs(kernel)


def test_a_broken_recorder_breaks_no_cell(kernel: Kernel) -> None:
    """Whatever goes wrong in a hook, cells run and put out as without it."""
    run(kernel, "recorder._records = recorder._by_message = recorder._running = 7")

    done = run(kernel, "print('fine'); display(1); plt.plot([1])\n5")
    run(kernel, "recorder._records = recorder._running = []")
    run(kernel, "recorder._by_message = {}; recorder._named = {}; recorder.detach()")

    assert "fine\n" == done.stdout
    assert "" == done.stderr
    assert ["1", "5"] == [display["data"]["text/plain"] for display in done.displays[:2]]
    assert 3 == len(done.displays)


STATE = """
def cm_state():
    s = get_ipython()
    pairs = [(s.display_pub, "publish"), (s.display_pub, "clear_output"),
             (s.displayhook, "write_format_data"), (s.displayhook, "write_output_prompt"),
             (s.display_formatter, "format"), (s, "_showtraceback")]
    return [vars(o).get(n) for o, n in pairs] + [
        list(s.events.callbacks["pre_run_cell"]), list(s.events.callbacks["post_run_cell"])]
import sys, threading
def cm_stream_hooks():
    found, ready = [], threading.Event()
    thread = sys.stdout.pub_thread
    thread.schedule(lambda: found.extend([*sys.stdout._hooks, *sys.stderr._hooks]))
    thread.schedule(ready.set); ready.wait(60)
    return len(found)
"""


def test_everything_is_given_back(kernel: Kernel) -> None:
    """After detaching the shell is as it was, down to the hooks in the kernel's own thread."""
    run(kernel, f"recorder.detach()\n{STATE}")
    run(kernel, "before = cm_state(), cm_stream_hooks()")

    run(kernel, "recorder.attach(); recorder.attach(); during = cm_state(), cm_stream_hooks()")
    run(kernel, "print(1); recorder.detach(); recorder.detach()")
    told = run(kernel, "print(before == (cm_state(), cm_stream_hooks()), during != before)").stdout

    assert "True True" == told.strip()
    assert (
        "0 [] None"
        == run(
            kernel, "print(len(recorder.images), recorder.executions, recorder.current)"
        ).stdout.strip()
    )


def test_a_function_that_was_put_before_ours_stays(kernel: Kernel) -> None:
    """Who wraps after us keeps his function; what is below it lets go of the recorder."""
    run(
        kernel,
        "import gc, weakref\npub = get_ipython().display_pub\nours = pub.publish\ncalls = []\n"
        "def theirs(*a, **k): calls.append(1); return ours(*a, **k)\npub.publish = theirs",
    )

    run(kernel, "gone = weakref.ref(recorder); recorder.detach(); del recorder")
    done = run(
        kernel, "gc.collect(); display('x'); print(gone(), len(calls), pub.publish is theirs)"
    )
    run(kernel, ATTACHED)
    run(kernel, "display('once')")
    once = outputs(kernel)
    run(kernel, "recorder.detach(); del pub.publish")

    assert "None 1 True" == done.stdout.strip()
    assert [("display", "'once'")] == once


def test_the_record_is_bounded(kernel: Kernel) -> None:
    """After thousands of outputs and megabytes of text only so much is kept."""
    run(kernel, "for n in range(3000): display(n); print(n)")
    many = last(kernel)["outputs"]
    run(kernel, "for n in range(100): display('x' * 30_000)")
    long = last(kernel)["outputs"]

    assert len(many) <= 500
    assert ["0", "0\n", "2999\n"] == [many[0]["text"], many[1]["text"], many[-1]["text"]]
    assert sum(len(output["text"]) for output in long) <= 400_000
    assert 3_000_200 == sum(len(output["text"]) + output["cut"] for output in long)
