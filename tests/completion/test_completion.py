"""Tab, in a real kernel and in a terminal's shell: every kind of completion."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_magic.commands import COMMANDS
from codex_magic.config import Codex
from codex_magic.options import OPTIONS
from tests.fake_service import FakeService, text
from tests.kernels import Kernel, connected, running_kernel, running_shell

SCENE = """
import base64, dataclasses, json
from IPython.display import Image, display
loss, other = [1.0, 0.5], 2
def rows(where: str) -> int:
    return 1
@dataclasses.dataclass
class Verdict:
    good: bool
"""
OWN = """
import os, pathlib
folder = pathlib.Path(os.environ["CODEX_MAGIC_CONFIG_DIR"]) / "templates"
folder.mkdir(parents=True)
(folder / "poem.md").write_text("Write a poem.")
"""
PANEL = """
from codex_magic.panel import ChatPanel
composer = ChatPanel()._composer
def offered(text):
    fits = composer._completions(text)
    return [text.removesuffix(fits.fragment) + each.text for each in fits.found]
def taken(text):
    composer.text.value = text
    composer.complete()
    return composer.text.value
"""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
# What was typed, and what one of the completions makes of it.
CASES = {
    "a command": ("%codex hist", "%codex history"),
    "a command whose answer is kept": ("reply = %codex hist", "reply = %codex history"),
    "a long option": ("%%codex --verb", "%%codex --verbosity"),
    "a short option": ("%%codex -", "%%codex -m"),
    "an option of a command": ("%codex retry --mod", "%codex retry --model"),
    "an option that only a command has": ("%codex export --f", "%codex export --force"),
    "a choice": ("%%codex -e hi", "%%codex -e high"),
    "a choice behind an equals sign": ("%%codex --effort=hi", "%%codex --effort=high"),
    "a choice behind another option": (
        "%%codex --once --state st",
        "%%codex --once --state stateless",
    ),
    "a model": ("%%codex -m gpt-5.6-t", "%%codex -m gpt-5.6-terra"),
    "a model that was used": ("%%codex -m gpt-5.4-mi", "%%codex -m gpt-5.4-mini"),
    "a service": ("%%codex --backend oll", "%%codex --backend ollama"),
    "a service of the user's": ("%codex backend my", "%codex backend mylab"),
    "a model of the last list": ("%%codex -m only-l", "%%codex -m only-listed"),
    "a template": ("%%codex --template po", "%%codex --template poem"),
    "a question in the background": ("%codex cancel ", "%codex cancel 1"),
    "its id": ("%codex cancel resp", "%codex cancel resp_ID"),
    "a setting": ("%codex config context_b", "%codex config context_budget="),
    "a setting's value": ("%codex config context=re", "%codex config context=recent"),
    "a setting that is on or off": ("%codex config persist=F", "%codex config persist=False"),
    "a setting that is a model": (
        "%codex config model=gpt-5.6-t",
        "%codex config model=gpt-5.6-terra",
    ),
    "a second setting": ("%codex config effort=low rer", "%codex config effort=low rerun="),
    "a conversation": ("%codex switch pl", "%codex switch plots"),
    "a conversation for a cell": ("%%codex --chat pl", "%%codex --chat plots"),
    "a turn": ("%codex show ", "%codex show 1"),
    "a variable": ("%%codex -v lo", "%%codex -v loss"),
    "a second variable": ("%%codex -v loss oth", "%%codex -v loss other"),
    "a variable behind a comma": ("%%codex -v loss,oth", "%%codex -v loss,other"),
    "all variables": ("%%codex -v al", "%%codex -v all"),
    "a shape of answers": ("%%codex --schema Ver", "%%codex --schema Verdict"),
    "a name for the answer": ("%%codex -o los", "%%codex -o loss"),
    "a function": ("%%codex -t ro", "%%codex -t rows"),
    "a tool of the kernel": ("%%codex -t rows read_v", "%%codex -t rows read_variable"),
    "a tool of the service": ("%%codex -t web", "%%codex -t web_search"),
    "a tool that must be called": ("%%codex --tool-choice req", "%%codex --tool-choice required"),
    "a parameter": ("%%codex --param trunc", "%%codex --param truncation="),
    "a cell": ("%%codex -c ", "%%codex -c {image}"),
    "a second cell": ("%%codex -c {image},ab", "%%codex -c {image},above"),
    "a figure": ("%%codex -f ", "%%codex -f {image}"),
    "an image's file": ("%%codex -i plo", "%%codex -i plots.png"),
    "a file": ("%%codex --file not", "%%codex --file notes.txt"),
    "a folder": ("%%codex --file dat", "%%codex --file data/"),
    "a file in a folder": ("%codex load data/ch", "%codex load data/chat.json"),
    "a file of instructions": ("%%codex --instructions @no", "%%codex --instructions @notes.txt"),
    "a mention on the first line": ("%%codex why is @lo", "%%codex why is @loss"),
    "a mention below": ("%%codex\nWhy?\nAnd @lo", "%%codex\nWhy?\nAnd @loss"),
    "a mention in a question": ("%codex why is @lo", "%codex why is @loss"),
    "a mentioned figure": ("%%codex\n@fig[", "%%codex\n@fig[{image}]"),
    "the last error": ("%%codex\n@er", "%%codex\n@error"),
    "a mentioned cell": ("%%codex\n@In[", "%%codex\n@In[{image}]"),
    "a mentioned file": ("%%codex\nRead @file:no", "%%codex\nRead @file:notes.txt"),
    "a mentioned file with a space": ("%%codex\n@file:my", '%%codex\n@file:"my notes.txt"'),
    "a file in an open quote": ('%%codex\n@file:"my no', '%%codex\n@file:"my notes.txt"'),
    "a folder with a space": ("%%codex\n@file:old", '%%codex\n@file:"old data/'),
    "a file in a folder with a space": (
        "%%codex\n@file:'old data/a",
        "%%codex\n@file:'old data/a b.csv'",
    ),
    "help on an option": ("%codex help --eff", "%codex help --effort"),
    "help on a command": ("%codex help hist", "%codex help history"),
}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel in which two conversations were held, and an image was shown."""
    folder = tmp_path_factory.mktemp("kernel")
    with FakeService() as service, running_kernel(folder) as kernel:
        service.enqueue(text("Yes."))
        service.models["only-listed"] = {**service.models["gpt-5.1"], "id": "only-listed"}
        work = folder / "work"
        for folder_name in ("data", "old data"):
            (work / folder_name).mkdir()
        for name in (
            "notes.txt",
            "my notes.txt",
            "plots.png",
            "data/chat.json",
            ".hidden",
            "old data/a b.csv",
        ):
            (work / name).write_text("x")
        kernel.run(connected(service))
        kernel.run(SCENE)
        kernel.run(f"display(Image(base64.b64decode('{PIXEL}'))); json.dumps(0)")
        kernel.run("%%codex --chat plots\nWhy?")
        kernel.run(OWN)
        kernel.run("%codex models only\n%codex backend add mylab http://localhost:1/v1")
        service.enqueue(text("Slow.").hold(1))
        kernel.run("%codex ask --background Slow?")
        yield kernel
        service.release()


@pytest.fixture(scope="module")
def image(kernel: Kernel) -> str:
    """The number of the cell that showed an image."""
    return next(
        one.removeprefix("%%codex -f ")
        for one in kernel.complete("%%codex -f ")
        if one[-1].isdigit()
    )


@pytest.mark.parametrize("name", CASES)
def test_what_fits_is_offered(kernel: Kernel, image: str, name: str) -> None:
    """Each kind of word, where it belongs, and in the place of what was typed."""
    typed, wanted = (part.replace("{image}", image) for part in CASES[name])
    offered = kernel.complete(typed)

    assert [one for one in offered if re.fullmatch(re.escape(wanted).replace("ID", r"\w+"), one)]


def test_the_panel_offers_what_cells_do(kernel: Kernel, image: str) -> None:
    """Behind a stroke as behind ``%codex``, and in a question as in a cell; the same words in order."""
    cells = {typed.replace("{image}", image) for typed, _ in CASES.values()}
    begun = {cell: cell.removeprefix("%%codex\n") for cell in cells if cell.startswith("%%codex\n")}
    commands = {cell: f"/{cell.removeprefix('%codex ')}" for cell in cells if cell[:7] == "%codex "}
    inputs = {**begun, **{cell: text for cell, text in commands.items() if "why" not in text}}
    panel = kernel.run(
        f"{PANEL}\nprint(json.dumps([offered(text) for text in {[*inputs.values()]}]))"
    )
    offered = json.loads(panel.stdout)

    assert len(inputs) > 20
    for (cell, typed), found in zip(inputs.items(), offered, strict=True):
        before = cell.removesuffix(typed.removeprefix("/"))
        wanted = [one.removeprefix(before) for one in kernel.complete(cell)]
        assert wanted == [one.removeprefix("/") for one in found], typed


def test_the_panel_writes_what_was_taken(kernel: Kernel, image: str) -> None:
    """In the place of what was begun; a space follows, but not where one goes on."""
    texts = [
        "Is @lo",
        "/hist",
        "/retry -e hi",
        "@file:dat",
        '@file:"my no',
        "/config eff",
        "a\n@er",
    ]
    taken = kernel.run(f"{PANEL}\nprint(json.dumps([taken(text) for text in {texts}]))")

    assert [
        "Is @loss ",
        "/history ",
        "/retry -e high ",
        "@file:data/",
        '@file:"my notes.txt" ',
        "/config effort=",
        "a\n@error ",
    ] == json.loads(taken.stdout)


def test_every_command_and_option_is_offered(kernel: Kernel) -> None:
    """Those of the tables that the parser and the help are made of, and every setting."""
    offered = (
        kernel.complete("%codex "),
        kernel.complete("%%codex -"),
        kernel.complete("%codex config "),
    )

    assert {f"%codex {name}" for name in COMMANDS} <= {*offered[0]}
    assert {f"%%codex {flag}" for option in OPTIONS for flag in option.flags} <= {*offered[1]}
    assert {f"%codex config {name}=" for name in Codex.class_trait_names(config=True)} == {
        *offered[2]
    }


@pytest.mark.parametrize("code", ["%%codex -m gpt-5.6", "%codex ", "%codex hist", "%%codex\n@"])
def test_only_what_fits_is_offered(kernel: Kernel, code: str) -> None:
    """Nothing of Python's stands among ours, and a module is no variable."""
    assert not [one for one in kernel.complete(code) if "%%time" in one or "ArithmeticError" in one]
    assert "%%codex -v json" not in kernel.complete("%%codex -v js")


@pytest.mark.parametrize("code", ["los", "print(los", "%time los", "mail = 'me@los"])
def test_other_cells_complete_as_ever(kernel: Kernel, code: str) -> None:
    """We answer for our own lines only."""
    offered = kernel.complete(code)

    assert not [one for one in offered if "@loss" in one or "history" in one]


def test_hidden_files_are_offered_when_asked_for(kernel: Kernel) -> None:
    """As shells do."""
    assert "%%codex --file .hidden" not in kernel.complete("%%codex --file ")
    assert "%%codex --file .hidden" in kernel.complete("%%codex --file .h")


def test_tab_asks_nobody_and_runs_nothing(service: FakeService, tmp_path: Path) -> None:
    """No request goes out, and no property or ``__repr__`` of the user's is called."""
    with running_kernel(tmp_path) as kernel:
        kernel.run(connected(service))
        kernel.run("""
class Touchy:
    touched = []
    def __getattr__(self, name): self.touched.append(name); raise AttributeError(name)
    def __repr__(self): self.touched.append("repr"); return ""
    __len__ = __bool__ = __eq__ = __hash__ = __repr__
touchy = Touchy()""")

        for code in ("-v to", "-t to", "-f to", "-i to", "--schema To", "-m gpt", "-o to", "\n@to"):
            kernel.complete(f"%%codex {code}" if code[0] != "\n" else f"%%codex{code}")

        assert "[]\n" == kernel.run("print(Touchy.touched)").stdout
        assert [] == service.requests


def test_a_terminal_completes_as_well(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The matcher is that of IPython's own completer, in whatever front end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {**os.environ, "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""})
    with running_shell() as shell:
        shell.run_cell(connected(service), silent=True).raise_error()
        shell.run_cell("loss = 1")

        assert ["history"] == offered(shell, "%codex hist")
        assert ["@loss"] == offered(shell, "%%codex\nWhy is @lo")


def offered(shell: Any, code: str) -> list[str]:
    """Return what a shell's completer offers at the end of a cell."""
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        return [found.text for found in shell.Completer.completions(code, len(code))]
