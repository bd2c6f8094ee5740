"""``%codex`` and ``%%codex`` in a real kernel: loading, asking, what stays below the cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fake_service import FakeService, text
from tests.kernels import Kernel, Message, connected, environment_of, running_kernel

HEAVY = (
    "httpx",
    "pydantic",
    "ipywidgets",
    "markdown_it",
    "matplotlib",
    "pandas",
    "nbformat",
    "nh3",
)
PEER = """
class Peer:
    def line(self, line): return "peer line"
    def cell(self, line, cell): return "peer cell"
peer = Peer()
get_ipython().register_magic_function(peer.line, "line", "codex")
get_ipython().register_magic_function(peer.cell, "cell", "codex")
"""
# Everything that an extension may add to a shell, as a value that can be compared.
STATE = """
def shell_state():
    shell, named = get_ipython(), lambda things: [repr(thing) for thing in things]
    formatters = shell.display_formatter.formatters.values()
    formatters = [*formatters, shell.display_formatter.mimebundle_formatter]
    return {
        "magics": {kind: sorted(known) for kind, known in shell.magics_manager.magics.items()},
        "configurables": named(shell.configurables),
        "cleanup": named(shell.input_transformer_manager.cleanup_transforms),
        "lines": named(shell.input_transformer_manager.line_transforms),
        "tokens": named(shell.input_transformer_manager.token_transformers),
        "types": [named(formatter.type_printers) for formatter in formatters],
        "deferred": [named(formatter.deferred_printers) for formatter in formatters],
        "events": {name: named(known) for name, known in shell.events.callbacks.items()},
        "hooks": named(shell.custom_exceptions),
        "matchers": named(shell.Completer.custom_matchers),
        "displays": named([shell.display_pub.publish, shell.displayhook.write_format_data]),
    }
"""
THREADS = "import threading; print(*sorted(thread.name for thread in threading.enumerate()))"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def loaded(kernel: Kernel, service: FakeService) -> Kernel:
    """The kernel, with the extension loaded anew and connected to the service."""
    executed = kernel.run(connected(service))
    assert ("ok", "") == (executed.status, executed.stderr)
    return kernel


# What draws Markdown, and modules of ours that only some questions need.
DRAWING = ("markdown_it", "ipywidgets", "pandas", "numpy")
WAITS = ("commands", "gathering", "files", "tables", "page", "tools", "login", "schema", "scan")


def test_loading_is_silent_and_leaves_no_file(tmp_path: Path, service: FakeService) -> None:
    """Loading registers both magics, and neither prints, asks nor writes, nor does the warm-up."""
    with running_kernel(tmp_path, environment_of(service)) as kernel:
        kernel.run("import sys, threading, time")
        files = set(tmp_path.rglob("*"))

        loading = kernel.run("%load_ext codex_magic")
        found = kernel.run("""
limit = time.monotonic() + 20
while "httpx" not in sys.modules and time.monotonic() < limit: time.sleep(0.01)
shell = get_ipython()
print(shell.find_line_magic("codex") is not None, shell.find_cell_magic("codex") is not None)
""")

        assert ("ok", []) == (loading.status, loading.outputs)
        assert "True True\n" == found.stdout
        assert [] == service.requests
        assert 0 == service.connections
        # IPython writes its own history file; we write nothing.
        assert not [path for path in {*tmp_path.rglob("*")} - files if "history" not in path.name]


def test_loading_imports_nothing_heavy_in_its_own_cell(tmp_path: Path) -> None:
    """What the first question needs is not there when the loading cell ends."""
    with running_kernel(tmp_path) as kernel:
        executed = kernel.run(
            f"import sys; before = set(sys.modules)\n%load_ext codex_magic\n"
            f"print(sorted(({{*sys.modules}} - before) & {{*{HEAVY!r}}}))"
        )

        assert ("ok", "[]\n") == (executed.status, executed.stdout)


def test_loading_alone_imports_two_modules(tmp_path: Path) -> None:
    """A cell that only loads us imports the package and its magics; settings wait for the next."""
    with running_kernel(tmp_path) as kernel:
        kernel.run(
            "import sys; before = set(sys.modules); after = []\n"
            "shell = get_ipython(); shell.events.register('post_run_cell', "
            "lambda result: after.append((set(sys.modules), list(shell.configurables))))"
        )
        kernel.run("%load_ext codex_magic")

        executed = kernel.run(
            "modules, configurables = after[1]\n"
            "print(sorted(name for name in modules - before if 'codex' in name), "
            "any(type(one).__name__ == 'Codex' for one in configurables))"
        )

        assert "['codex_magic', 'codex_magic.magics'] False\n" == executed.stdout


def test_settings_can_be_made_in_the_next_cell_and_in_the_configuration(tmp_path: Path) -> None:
    """They wait for the next cell, not for a question; a wrong one is told of while loading."""
    with running_kernel(tmp_path) as kernel:
        kernel.run("%load_ext codex_magic")

        executed = kernel.run(
            "%config Codex.effort = 'low'\nprint(*(one.effort for one in get_ipython().configurables if hasattr(one, 'effort')))"
        )
        kernel.run("%unload_ext codex_magic\nget_ipython().config.Codex.effort = 'huge'")
        wrong = kernel.run("%load_ext codex_magic")

        assert ("ok", "low\n") == (executed.status, executed.stdout)
        assert "effort" in f"{wrong.error}{wrong.outputs}"


def test_the_first_question_finds_everything_imported(tmp_path: Path) -> None:
    """A moment after loading, a thread has imported what the first question needs."""
    with running_kernel(tmp_path) as kernel:
        kernel.run("import sys, time\n%load_ext codex_magic")

        executed = kernel.run("""
limit = time.monotonic() + 20
while not {"httpx", "nh3"} <= {*sys.modules} and time.monotonic() < limit: time.sleep(0.01)
print({"httpx", "nh3"} <= {*sys.modules}, "matplotlib" in sys.modules)
""")

        assert "True False\n" == executed.stdout


def test_little_is_imported_before_the_first_question_goes_out(
    tmp_path: Path, service: FakeService
) -> None:
    """What describes, draws and runs commands waits until the request is on its way."""
    service.enqueue(text("Hi"))
    with running_kernel(tmp_path, environment_of(service)) as kernel:
        executed = kernel.run(f"""
import sys
before, sent = {{*sys.modules}}, []
def heard(event, arguments):
    if event == "socket.connect" and not sent and arguments[1][1] == {urlsplit(service.base_url).port}:
        sent.append({{*sys.modules}} - before)
sys.addaudithook(heard)
get_ipython().run_line_magic("load_ext", "codex_magic")
get_ipython().run_cell_magic("codex", "-m gpt-5.6-terra", "Why?")
ours = {{name for name in sent[0] if name.startswith("codex_magic")}}
print(len(ours), sorted(sent[0] & {{*{DRAWING!r}}}))
print([name for name in ours if name.rpartition(".")[2] in {WAITS!r}])
""")

        count, drawing = executed.stdout.splitlines()[0].split(" ", 1)
        assert "[]" == drawing
        assert int(count) <= 125
        assert "[]" == executed.stdout.splitlines()[1]


def test_the_question_may_come_right_after_loading(tmp_path: Path, service: FakeService) -> None:
    """Run All asks while the warm-up still imports: there is one assistant, and one conversation."""
    with running_kernel(tmp_path, environment_of(service)) as kernel:
        first = kernel.run(
            "%load_ext codex_magic\n%codex config model=gpt-5.4-mini\n%codex ask One"
        )
        second = kernel.run("%%codex\nTwo?")

        assert ("ok", "ok") == (first.status, second.status)
        assert "Seen 2 user messages. First: 'One'" in second.displays[0]["data"]["text/plain"]


def test_loading_twice_is_harmless(loaded: Kernel) -> None:
    """A second load says that it is loaded, and the conversation goes on."""
    loaded.run(STATE)
    loaded.run("%codex ask One?")
    loaded.run("before = shell_state()")

    loaded.run("%load_ext codex_magic")
    loaded.run("import codex_magic; codex_magic.load_ipython_extension(get_ipython())")

    assert "True" in loaded.run("print(before == shell_state())").stdout
    assert "One?" in loaded.run("%codex history").stdout


def test_unloading_undoes_everything(tmp_path: Path, service: FakeService) -> None:
    """After load, use and unload the shell is as it was, and the engine's thread has ended."""
    with running_kernel(tmp_path, environment_of(service)) as kernel:
        # IPython itself adds its own magics for extensions, and more formatters, at the first use.
        kernel.run(STATE + "\n%unload_ext json\nfrom IPython.display import display; display(1)")
        kernel.run("before = shell_state()")
        kernel.run("%load_ext codex_magic")
        answered = kernel.run("%%codex\nHello")
        busy = kernel.run(THREADS).stdout

        unloading = kernel.run("%unload_ext codex_magic")
        ended = kernel.run("""
import time
limit = time.monotonic() + 10
alive = lambda: [t.name for t in threading.enumerate() if t.name == "codex-engine"]
while alive() and time.monotonic() < limit: time.sleep(0.01)
print(alive())
after = shell_state()
print([name for name in before if before[name] != after[name]])
""")
        again = kernel.run("%codex status")

        assert 1 == len(answered.displays)
        assert "codex-engine" in busy
        assert ("ok", []) == (unloading.status, unloading.outputs)
        assert "[]\n[]\n" == ended.stdout
        assert "not found" in again.stderr + " ".join(again.traceback)


def test_unloading_at_once_leaves_no_thread(tmp_path: Path) -> None:
    """The warm-up does not begin after the extension has gone."""
    with running_kernel(tmp_path) as kernel:
        before = kernel.run(THREADS).stdout

        executed = kernel.run("%load_ext codex_magic\n%unload_ext codex_magic\n" + THREADS)

        assert ("ok", before) == (executed.status, executed.stdout)


def test_a_peer_is_named_and_comes_back(tmp_path: Path, service: FakeService) -> None:
    """Another extension's magics are named in one line, replaced, and restored."""
    with running_kernel(tmp_path, environment_of(service)) as kernel:
        kernel.run(PEER)

        loading = kernel.run("%load_ext codex_magic")
        asked = kernel.run("%%codex\nHello")
        kernel.run("%unload_ext codex_magic")
        back = kernel.run("%codex one\nprint(get_ipython().run_cell_magic('codex', '', 'two'))")

        assert 1 == len(loading.stderr.splitlines())
        assert "__main__'s" in loading.stderr
        assert "Seen 1 user messages" in asked.displays[0]["data"]["text/plain"]
        assert "peer cell" in back.stdout


def test_reloading_works(loaded: Kernel, service: FakeService) -> None:
    """%reload_ext leaves exactly one of everything, and the next question is answered."""
    loaded.run(STATE)
    loaded.run("before = shell_state()")

    executed = loaded.run("%reload_ext codex_magic")

    assert ("ok", "") == (executed.status, executed.stderr)
    same = "[name for name in before if len(before[name]) != len(shell_state()[name])]"
    assert "[]" in loaded.run(f"print({same})").stdout
    assert 1 == len(loaded.run("%%codex\nStill there?").displays)


def test_a_cell_ends_as_one_output(loaded: Kernel, service: FakeService) -> None:
    """The saved output is our HTML, and the Markdown as it came, with where it comes from."""
    source = "# Title\n\n* `x` costs $5\n\n```python\nprint('<b>')\n```\n\n  trailing  \n"
    service.enqueue(text(source, reasoning="**Thinking** of it."))

    executed = loaded.run("%%codex\nWhy?")

    (output,) = executed.outputs
    assert "display_data" == output["output_type"]
    assert {"text/html", "text/plain"} == set(output["data"])
    assert source == output["data"]["text/plain"]
    about = output["metadata"]["codex_magic"]
    assert {"model", "response_id", "turn"} == set(about)
    assert "gpt-5.4-mini" == about["model"]
    assert about["response_id"] in service.responses or about["response_id"].startswith("resp_")


def test_words_appear_before_the_answer_ends(loaded: Kernel, service: FakeService) -> None:
    """The first words are on the screen while the service still holds the rest back."""
    service.enqueue(text("First words. Then the rest.", chunks=9).hold(after=8))

    def release(message: Message) -> None:
        if "First" in message.text:
            seen.append(service.requests[-1].finished)
            service.release()

    seen: list[bool] = []
    executed = loaded.run("%%codex\nWhy?", release)

    assert seen
    assert seen[0] is False
    assert "First words. Then the rest." == executed.displays[0]["data"]["text/plain"]


def test_streaming_is_bounded_in_messages_and_bytes(loaded: Kernel, service: FakeService) -> None:
    """Six hundred deltas in three seconds are some twenty messages a second, not two hundred."""
    answer = "\n\n".join(f"Paragraph {number} has **some** words in it." for number in range(150))
    service.enqueue(text(answer, chunks=600).pause(0.005))

    executed = loaded.run("%%codex\nWhy?")

    published = executed.published("display_data", "update_display_data", "clear_output")
    assert 4 <= len(published) <= 20 * executed.seconds + 5
    assert sum(message.size for message in published) < 60 * len(answer)
    assert answer == executed.displays[0]["data"]["text/plain"]


@pytest.mark.parametrize("block", ["A paragraph with words. ", "```python\nx = 1\n```", "* item"])
def test_a_long_answer_stays_below_the_limit_of_outputs(
    loaded: Kernel, service: FakeService, block: str
) -> None:
    """JupyterLab draws fifty outputs: 60,000 characters need fewer, at every moment."""
    answer = f"{block}\n\n" * (60_000 // (len(block) + 2))
    service.enqueue(text(answer, chunks=400).pause(0.005))
    most = shown = 0

    def count(message: Message) -> None:
        nonlocal most, shown
        shown = 0 if message.type == "clear_output" else shown + (message.type == "display_data")
        most = max(most, shown)

    executed = loaded.run("%%codex\nWhy?", count)

    assert 2 <= most < 50
    assert 1 == len(executed.outputs)
    assert answer == executed.displays[0]["data"]["text/plain"]
