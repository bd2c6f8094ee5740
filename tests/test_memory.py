"""The conversations of a kernel: their names, which cell asks what, and what of them is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_magic.assistant import Assistant
from codex_magic.attaching import Attached
from codex_magic.config import Codex
from codex_magic.context.pieces import Document, Picture, Piece
from codex_magic.conversation.editing import fork
from codex_magic.conversation.turns import Conversation, Plan, Turn
from codex_magic.display.reply import Reply
from codex_magic.errors import APIError, ConfigError
from codex_magic.memory import Memory, data_folder, digest_of
from tests.asking import MODEL, ask, sent, users
from tests.fake_service import FakeService, error, text


class Cells:
    """A shell whose cells run in this order, each a time that their message tells apart."""

    def __init__(self) -> None:
        self.parent: dict[str, Any] = {}
        self._runs = 0

    def run(self, cell_id: str, *, colab: bool = False) -> None:
        self._runs += 1
        metadata = {"colab": {"cell_id": cell_id}} if colab else {"cellId": cell_id}
        self.parent = {"header": {"msg_id": str(self._runs)}, "metadata": metadata}

    def get_parent(self) -> dict[str, Any]:
        return self.parent


@pytest.fixture
def memory(data_folder: Path) -> Iterator[Memory]:
    """The memory of a kernel that keeps what is said."""
    memory = Memory(Codex())
    assert memory.journal is not None
    yield memory
    memory.close()


def another(**settings: Any) -> Memory:
    """The memory of another kernel."""
    return Memory(Codex(**settings))


def say(memory: Memory, *prompts: str, **fields: Any) -> tuple[Turn, ...]:
    """Record turns in the current conversation, and wait for the disk."""
    plan = Plan("stateless")
    for prompt in prompts:
        answered = Turn(prompt, (message(prompt),), text=f"{prompt}!", **fields)
        memory.conversation.record(answered, plan)
    assert "" == memory.settle()
    return memory.conversation.turns


def message(prompt: str) -> dict[str, str]:
    return {"type": "message", "role": "user", "content": prompt}


def asked(conversation: Conversation) -> list[str]:
    return [turn.prompt for turn in conversation.turns]


# Names.


def test_new_and_switch(memory: Memory) -> None:
    """An empty conversation is used; a name that has turns is not begun a second time."""
    first = memory.conversation
    assert memory.new() is first
    say(memory, "One")
    second = memory.new(instructions="Mine.")
    named = memory.new("plots")
    assert memory.new("plots") is named
    say(memory, "Two")

    assert ["main", "main-2", "plots"] == list(memory.conversations)
    assert ("Mine.", "") == (second.instructions, named.instructions)
    with pytest.raises(ConfigError, match="already"):
        memory.new("plots")
    assert memory.switch("main") is first
    assert memory.conversation is first


def test_a_name_that_is_taken_gets_a_number(memory: Memory) -> None:
    """Neither conversation is lost; one that nothing was said in makes way."""
    say(memory, "Here")
    other = Conversation("main", turns=[Turn("There", (message("There"),))])
    memory.adopt(other, whole=True)
    memory.switch("empty")
    memory.adopt(Conversation("empty", turns=other.turns), whole=True)

    assert ["main", "main 2", "empty"] == list(memory.conversations)
    assert ["There"] == asked(memory.conversation)


def test_named_and_earlier(memory: Memory) -> None:
    """By name or id, of this kernel or the disk; the same thing is never there twice."""
    say(memory, "One")
    there = another()
    found = there.earlier("main")
    there.adopt(found)

    assert ["One"] == asked(found)
    assert there.named(found.id) is found is there.named("main")
    assert another().named("main").turns == ()
    with pytest.raises(ConfigError, match="'gone'"):
        there.named("gone")


def test_resume_takes_this_notebooks_last(memory: Memory) -> None:
    """Another notebook's is not taken, nor what is here; without a notebook it is the very last."""
    for notebook in ("a.ipynb", "b.ipynb"):
        memory.place(notebook)
        memory.new(notebook)
        say(memory, f"In {notebook}")
    here = another()
    here.place("a.ipynb")
    found = here.resume()
    here.adopt(found)

    assert ["In a.ipynb"] == asked(found)
    assert ["In b.ipynb"] == asked(another().resume())
    with pytest.raises(ConfigError, match="of this notebook"):
        here.resume()
    with pytest.raises(ConfigError, match="persist=True"):
        another(persist=False).resume()


def test_a_notebook_that_is_found_later_has_the_conversation(memory: Memory) -> None:
    """Whoever asks before the notebook is known, or renames it, still finds what was said."""
    say(memory, "Early")
    memory.hold(memory.conversation, "late.ipynb")
    memory.settle()
    here = another()
    here.place("late.ipynb")

    assert ["Early"] == asked(here.resume())
    memory.hold(memory.conversation, "")
    assert "late.ipynb" == memory.conversation.notebook


def test_what_is_put_aside_is_not_resumed(memory: Memory) -> None:
    """The copy of what a conversation was is older than what became of it."""
    say(memory, "One")
    memory.put_aside(fork(memory.conversation, "main before edit"))
    memory.settle()

    assert "main" == another().resume().name
    assert ["One"] == asked(another().named("main before edit"))


def test_delete(memory: Memory) -> None:
    """It is gone here and on disk; the one to go on in is another."""
    say(memory, "One")
    memory.new("other")
    say(memory, "Two")
    memory.delete("other")
    after = memory.current
    memory.delete("main")
    memory.settle()

    assert ("main", "main", ()) == (after, memory.current, memory.conversation.turns)
    assert [] == list(another().kept())
    with pytest.raises(ConfigError, match="'other'"):
        memory.delete("other")


# Which cell asks.


def test_a_key_is_the_cell_and_the_number_of_the_question(memory: Memory) -> None:
    """It is the same in every run, in Jupyter and in Colab; without a cell id there is none."""
    cells = Cells()
    here = Memory(Codex(persist=False), cells)
    none = here.key()
    keys = []
    for run in range(2):
        cells.run("a", colab=bool(run))
        keys.append([here.key(), here.key()])
    cells.run("b")

    assert "" == none == memory.key()
    assert [["a#1", "a#2"], ["a#1", "a#2"]] == keys
    assert "b#1" == here.key()
    here._config.rerun = "append"
    assert "" == here.key()


def test_what_a_cell_no_longer_asks_is_outlived(memory: Memory) -> None:
    """The first question of a run takes the later ones of the last run along; no other does."""
    conversation = memory.conversation
    for key in ("a#1", "a#2", "a#3", "ab#2", ""):
        say(memory, key or "none", key=key)
    ids = {turn.key: turn.id for turn in conversation.turns}

    assert (ids["a#2"], ids["a#3"]) == memory.outlived(conversation, "a#1")
    assert () == memory.outlived(conversation, "a#2")
    assert () == memory.outlived(conversation, "")
    assert () == memory.outlived(conversation, "b#1")


# Settings.


def test_persist_can_be_turned_off_and_on(data_folder: Path) -> None:
    """While it is off nothing is written; when it is on again, whole conversations are kept."""
    memory = another(persist=False)
    memory.conversation.record(Turn("One", ()), Plan("stateless"))
    assert (None, "", False) == (memory.store, memory.settle(), data_folder.exists())
    memory._config.persist = True
    begun = memory.journal
    memory.settle()
    kept = asked(another().resume())
    memory._config.persist = False
    off = memory.journal
    memory.conversation.record(Turn("Two", ()), Plan("stateless"))
    memory.settle()

    assert (False, True) == (begun is None, off is None)
    assert ["One"] == kept == asked(another().resume())
    memory.close()


def test_the_folder_can_be_changed(memory: Memory, tmp_path: Path) -> None:
    """From then on everything is there, with what was said before; the first file stays as it was."""
    say(memory, "One")
    memory._config.data_dir = str(tmp_path / "elsewhere")
    assert memory.journal is not None
    say(memory, "Two")

    assert ["One", "Two"] == asked(another(data_dir=str(tmp_path / "elsewhere")).resume())
    assert ["One"] == asked(another().resume())


def test_the_limit_reaches_the_store(data_folder: Path) -> None:
    """`store_mb` is how much the store keeps, also when it is changed."""
    memory = another(store_mb=1)
    before = memory.store
    memory._config.store_mb = 2
    after = memory.store

    assert before is not None
    assert after is not None
    assert (1 << 20, 2 << 20) == (before._file.limit, after._file.limit)


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The setting, then the variable, then the user's data folder."""
    monkeypatch.setenv("CODEX_MAGIC_DATA_DIR", str(tmp_path))
    assert Path("/mine") == data_folder(Codex(data_dir="/mine"))
    assert tmp_path == data_folder(Codex())
    monkeypatch.setenv("CODEX_MAGIC_DATA_DIR", "")

    assert "codex_magic" == data_folder(Codex()).name
    assert Path("~").expanduser() in data_folder(Codex(data_dir="~/x")).parents


# The same request again.

TABLE = Piece("df", "a  b\n1  2", "variable")


def digest(*attachments: Any, **changes: Any) -> str:
    """The digest of one request, with something else in it."""
    known: dict[str, Any] = {
        "prompt": "Why?",
        "asked": ["m", {"effort": "low"}],
        "turns": [Turn("Before", (), key="a#1"), Turn("Before that", ())],
        "key": "b#1",
        "detail": "auto",
    }
    given = known | changes
    attached = Attached(given["prompt"], attachments=attachments, detail=given["detail"])
    return digest_of(attached, given["asked"], Conversation("", turns=given["turns"]), given["key"])


def test_the_same_request_has_the_same_digest() -> None:
    """Whatever cells were executed as, and whatever was answered or hidden before."""
    before = [Turn("Before", (), key="a#1", text="Otherwise"), Turn("Before that", ())]
    more = [Turn("Failed", (), status="failed"), Turn("Hidden", (), hidden=True)]
    own = [*before, *more, Turn("Why?", (), key="b#1"), Turn("After", (), key="c#1")]

    assert digest() == digest(turns=before) == digest(turns=own)
    assert digest(key="") == digest(), "the cell itself does not count"
    counted = [Piece(f"cell {n}", f"In [{n}]:\nx\nOut[{n}]: cell {n}") for n in (3, 4)]
    assert digest(counted[0]) == digest(counted[1])
    assert digest(detail="high") == digest()


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "Why not?"},
        {"asked": ["n", {"effort": "low"}]},
        {"asked": ["m", {"effort": "high"}]},
        {"turns": []},
        {"turns": [Turn("Before", (), key="a#2"), Turn("Before that", ())]},
        {"turns": [Turn("Before that", ()), Turn("Before", (), key="a#1")]},
    ],
)
def test_another_request_has_another_digest(change: dict[str, Any]) -> None:
    """Every word of it counts, and what was asked before."""
    assert digest(TABLE) != digest(TABLE, **change)


def test_what_goes_along_counts() -> None:
    """To the last byte of a picture, its detail, and the numbers in data."""
    picture, document = Picture("figure", b"png"), Document("a.pdf", "a.pdf", b"pdf")
    requests: list[list[Any]] = [
        [],
        [TABLE],
        [replace(TABLE, text="a  b\n1  3")],
        [replace(TABLE, text="cell 3")],
        [replace(TABLE, text="cell 4")],
        [picture],
        [replace(picture, data=b"pnG")],
        [Picture("figure", url="https://example.org/a.png")],
        [document],
        [replace(document, data=b"pdF")],
    ]
    found = [digest(*attachments) for attachments in requests]

    assert len(found) == len({*found, digest(picture, detail="high")}) - 1


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """A service that the environment names."""
    with FakeService() as service:
        monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key))
        monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
        yield service


@pytest.fixture
def assistant(service: FakeService) -> Iterator[Assistant]:
    """An assistant without a shell."""
    assistant = Assistant(Codex(model=MODEL))
    yield assistant
    assistant.close()


def test_keep_asks_once(assistant: Assistant, service: FakeService) -> None:
    """The answer comes again, says so, and is in the history; a failure is never kept."""
    service.enqueue(error(400, "bad", "No."), text("Kept."))
    with pytest.raises(APIError):
        ask(assistant, "Why?", keep=True)
    assistant.conversation.undo()
    ask(assistant, "Why?", keep=True)
    assistant.memory.new("again")
    again: Reply = ask(assistant, "Why?", keep=True)
    count = len(sent(service))
    ask(assistant, "Next")

    assert ("Kept.", 2) == (again.text, count)
    assert ["Kept from an earlier run: nothing was sent."] == again.notices
    assert ["Why?", "Next"] == users(service)


def test_keep_with_once_leaves_no_turn(assistant: Assistant, service: FakeService) -> None:
    """What is asked apart is answered from what is kept, and stays apart."""
    ask(assistant, "Why?", keep=True)
    assistant.memory.new("again")
    ask(assistant, "Why?", keep=True, once=True)

    assert (1, ()) == (len(sent(service)), assistant.conversation.turns)


@pytest.mark.parametrize("state", ["previous_response_id", "conversation"])
def test_a_kept_answer_does_not_stand_in_for_a_chain(
    assistant: Assistant, service: FakeService, state: Any
) -> None:
    """What the service kept of it had another history: the next question carries this one's."""
    service.enqueue(text("First."), text("Kept."), text("Other first."))
    ask(assistant, "One", state=state)
    ask(assistant, "Two", state=state, keep=True)
    assistant.memory.new("again")
    ask(assistant, "One", state=state)
    ask(assistant, "Two", state=state, keep=True)
    ask(assistant, "Three", state=state)

    context = str(service.requests[-1].context)
    assert ["One", "Two", "Three"] == users(service)
    assert ("Other first." in context, "'First.'" in context) == (True, False)
    assert "Kept." in context
