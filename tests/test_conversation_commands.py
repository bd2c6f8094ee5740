"""The commands about what was said, each from the line to the next request, in a real kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_service import FakeService, error, incomplete, text
from tests.kernels import Kernel, connected, running_kernel
from tests.remembering import line, seen


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService, data_folder: Path) -> Kernel:
    """The kernel, with the extension loaded anew, the service, and an empty store."""
    assert "ok" == running.run(connected(service, data_dir=str(data_folder))).status
    return running


@pytest.fixture
def three(kernel: Kernel, service: FakeService) -> Kernel:
    """The kernel with three turns."""
    service.enqueue(text("Answer one."), text("Answer two."), text("Answer three."))
    for word in ("One", "Two", "Three"):
        assert "ok" == kernel.run(f"%codex ask -q {word}").status
    return kernel


def reload(kernel: Kernel, service: FakeService, data_folder: Path) -> None:
    """Forget all but what is on disk."""
    kernel.run(connected(service, data_dir=str(data_folder)))


def test_undo(three: Kernel, service: FakeService) -> None:
    """The last turn is not sent any more, and taking back goes on to the first."""
    one = line(three.run("%codex undo"))
    three.run("%codex ask -q Next")
    sent = seen(service)
    two = three.run("%codex undo 99").stdout
    none = line(three.run("%codex undo"))

    assert "Taken back: Three" == one
    assert ["One", "Answer one.", "Two", "Answer two.", "Next"] == sent
    assert 3 == two.count("Taken back: ")
    assert "There is nothing to take back." == none


def test_retry(three: Kernel, service: FakeService) -> None:
    """The last question is asked again; a failure keeps the old answer."""
    service.enqueue(error(400, "bad", "No."), text("Better."))
    failed = three.run("%codex retry")
    wordy = three.run("%codex retry now")
    kept = three.run("%codex history").stdout
    again = three.run("%codex retry --effort low")
    three.run("%codex ask -q Next")

    assert "error" == failed.status
    assert "no words" in wordy.traceback[0]
    assert (3, True) == (kept.count("→"), "Answer three." in kept)
    assert "Better." in again.html
    assert ["Three", "Better.", "Next"] == seen(service)[-3:]
    assert 7 == len(seen(service))
    assert "low" == (service.requests[-2].body or {})["reasoning"]["effort"]


def test_edit(three: Kernel, service: FakeService) -> None:
    """The turn and what followed go for the new words; they are kept in a copy."""
    edited = three.run("%codex edit 2 Two, in other words")
    sent = seen(service)
    kept = line(three.run("%codex switch 'main before edit'".replace("'", "")))

    assert ["One", "Answer one.", "Two, in other words"] == sent
    assert "What followed is kept in 'main before edit'" in edited.stdout
    assert "Conversation 'main before edit', 3 turns. The last: Three" == kept


def test_an_edit_takes_options(three: Kernel, service: FakeService) -> None:
    """They stand before the new words; a dry run takes nothing away, and ``--`` ends them."""
    dry = three.run("%codex edit 2 --dry-run Two, tried")
    kept = three.run("%codex history").stdout
    three.run("%codex edit 2 -e low -m gpt-5.1 -- -e is what?")
    body = service.requests[-1].body or {}

    assert "Two, tried" in str(dry.displays)
    assert "What followed" not in dry.stdout
    assert 3 == kept.count("→")
    assert ("low", "gpt-5.1") == (body["reasoning"]["effort"], body["model"])
    assert ["One", "Answer one.", "-e is what?"] == seen(service)


def test_an_edited_conversation_is_the_one_to_resume(
    three: Kernel, service: FakeService, data_folder: Path
) -> None:
    """Not the copy of what it was, although that was written last."""
    three.run("%codex edit 2 Two, in other words")
    reload(three, service, data_folder)

    assert "'main', 2 turns. The last: Two, in other words" in line(three.run("%codex resume"))


def test_hide_and_pin(three: Kernel, service: FakeService) -> None:
    """Hidden turns are listed and not sent; the same word again takes it back."""
    hidden = line(three.run("%codex hide 1"))
    pinned = three.run("%codex pin 2, 3").stdout.splitlines()
    listed = three.run("%codex history").stdout
    three.run("%codex ask -q Next")
    sent = seen(service)
    again = line(three.run("%codex hide 1"))
    three.run("%codex pin 2")

    assert "Hidden: One" == hidden
    assert ["Pinned: Two", "Pinned: Three"] == pinned
    assert ("(hidden)" in listed, 2) == (True, listed.count("(pinned)"))
    assert ["Two", "Answer two."] == sent[:2]
    assert "Sent again: One" == again
    assert 1 == three.run("%codex history").stdout.count("(pinned)")


def test_fork_switch_and_chats(three: Kernel, service: FakeService) -> None:
    """Two conversations go their own ways, and are listed with what was said last."""
    forked = line(three.run("%codex fork plan b"))
    three.run("%codex ask -q In the copy")
    back = line(three.run("%codex switch main"))
    three.run("%codex ask -q In main")
    sent = seen(service)
    listed = three.run("%codex chats").stdout.splitlines()

    assert "Conversation 'plan b', 3 turns. The last: Three" == forked
    assert "Conversation 'main', 3 turns. The last: Three" == back
    assert ("In main", 7) == (sent[-1], len(sent))
    assert ["* main                     4 turns   In main"] == listed[:1]
    assert ["  plan b                   4 turns   In the copy"] == listed[1:]


def test_new_with_instructions(kernel: Kernel, service: FakeService) -> None:
    """They belong to the conversation, also after a restart; a file may hold them."""
    (kernel.folder / "work" / "how.txt").write_text("In French.")
    begun = line(kernel.run('%codex new poems --instructions "In verse, please."'))
    kernel.run("%codex ask -q One")
    verse = (service.requests[-1].body or {})["instructions"]
    kernel.run("%codex new --instructions @how.txt")
    kernel.run("%codex ask -q Two")
    french = (service.requests[-1].body or {})["instructions"]
    kernel.run("%codex switch main")
    kernel.run("%codex ask -q Three")
    usual = (service.requests[-1].body or {})["instructions"]

    assert "Conversation 'poems' begins. The others keep their names." == begun
    assert ("In verse, please.", "In French.") == (verse, french)
    assert usual not in (verse, french)


def test_delete(three: Kernel, service: FakeService, data_folder: Path) -> None:
    """A conversation is gone, here and on disk; of several of a name, none by that name alone."""
    three.run("%codex new other")
    three.run("%codex ask -q Elsewhere")
    gone = line(three.run("%codex delete main"))
    where = three.run("%codex chats").stdout
    for number in range(2):
        reload(three, service, data_folder)
        three.run(f"%codex ask -q Main {number}")
    reload(three, service, data_folder)
    refused = three.run("%codex delete main")
    listed = three.run("%codex chats").stdout.splitlines()
    ids = [line.rpartition(", ")[2].strip(")") for line in listed if "Main" in line]
    by_id = [line(three.run(f"%codex delete {id}")) for id in ids]
    nothing = three.run("%codex resume main").stdout

    assert "Forgotten: 'main', 3 turns." == gone
    assert ("main " in where, "* other" in where) == (False, True)
    assert "There are 2 conversations 'main' on disk" in refused.traceback[0]
    assert ["Forgotten: 'main', 1 turn."] * 2 == by_id
    assert "Conversation 'main', 0 turns.\n" == nothing
    assert b"Main 1" not in (data_folder / "conversations.sqlite").read_bytes()


def test_continue(kernel: Kernel, service: FakeService) -> None:
    """After an answer that ran into a limit; the model sees its own half, and an order to go on."""
    service.enqueue(incomplete("First half,"), text("second half."))
    kernel.run("%codex ask -q --max-output-tokens 20 Why?")

    went_on = kernel.run("%codex continue")
    whole = kernel.run("%codex continue")

    assert "second half." in went_on.html
    asked, half, order = seen(service)
    assert ("Why?", "Continue") == (asked, order.partition(" ")[0])
    assert half.startswith("First half,")
    assert "nothing to continue" in whole.traceback[0]


def test_compact(three: Kernel, service: FakeService, data_folder: Path) -> None:
    """A summary stands for what was said; pinned turns stay; all is kept in a copy."""
    three.run("%codex pin 2")
    said = line(three.run("%codex compact"))
    three.run("%codex ask -q Next")
    sent = seen(service)
    before = line(three.run("%codex switch main before compact"))
    reload(three, service, data_folder)
    resumed = line(three.run("%codex resume"))

    assert said.startswith("A summary stands for 2 turns; they are kept in 'main before compact'")
    assert ["Two", "Answer two.", "Next"] == sent[-3:]
    assert not {"Answer one.", "Answer three."} & set(sent)
    assert "3 turns" in before
    assert "'main', 3 turns. The last: Next" in resumed


def test_history_and_search(three: Kernel, service: FakeService, data_folder: Path) -> None:
    """A part of this conversation, or what was said in any, also before a restart."""
    last = three.run("%codex history -n 1").stdout
    reload(three, service, data_folder)
    found = three.run("%codex history --search ANSWER two").stdout
    none = line(three.run("%codex history --search zebra"))

    assert "  3  Three\n     → Answer three.\n" == last
    assert "main:\n     Two\n     → Answer two.\n" == found
    assert "Nothing was said about 'zebra'." == none


def test_resume_by_name_and_id(three: Kernel, service: FakeService, data_folder: Path) -> None:
    """A fresh `main`, in which nothing was said, does not hide the one on disk."""
    reload(three, service, data_folder)
    by_name = line(three.run("%codex resume main"))
    reload(three, service, data_folder)
    three.run("%codex ask -q Meanwhile")
    (listed,) = [one for one in three.run("%codex chats").stdout.splitlines() if "Three" in one]
    by_id = line(three.run(f"%codex resume {listed.rpartition(', ')[2].strip(')')}"))

    assert "Conversation 'main', 3 turns. The last: Three" == by_name
    assert "Conversation 'main 2', 3 turns. The last: Three" == by_id


@pytest.mark.parametrize("kind", ["resp", "conv"])
def test_resume_what_lives_on_the_service(kernel: Kernel, service: FakeService, kind: str) -> None:
    """It is taken over with what was said, and gone on with there."""
    state = {"resp": "previous_response_id", "conv": "conversation"}[kind]
    kernel.run(f"%codex ask -q --state {state} First")
    found = next(iter(service.responses if kind == "resp" else service.conversations))
    kernel.run(connected(service, persist="False"))
    taken = kernel.run(f"%codex resume {found}").stdout
    kernel.run("%codex ask -q Second")
    sent = seen(service)
    missing = kernel.run(f"%codex resume {kind}_doesnotexist")

    assert "1 turn" in taken
    assert ("First", "Second") == (sent[0], sent[-1])
    assert "error" == missing.status
    assert 1 == len(missing.traceback)


def test_save_and_load(three: Kernel, service: FakeService, data_folder: Path) -> None:
    """A file goes on in another kernel; one whose conversation went on since becomes a copy."""
    saved = line(three.run("%codex save talk.json"))
    again = line(three.run("%codex save talk.json"))
    three.run("%codex ask -q Four")
    copy = line(three.run("%codex load talk.json"))
    refused = three.run("%codex save talk.json")
    reload(three, service, data_folder)
    restarted = line(three.run("%codex load talk.json"))
    three.run("%codex ask -q Other four")
    sent = seen(service)
    reload(three, service, data_folder)
    listed = three.run("%codex chats").stdout

    assert "Saved: talk.json" == saved == again
    assert "--force" in refused.traceback[0]
    assert "Conversation 'main 2', 3 turns. The last: Three" == copy
    assert "Conversation 'main', 3 turns. The last: Three" == restarted
    assert ("Other four", 7) == (sent[-1], len(sent))
    assert ("4 turns   Four" in listed, "4 turns   Other four" in listed) == (True, True)


@pytest.mark.parametrize("ending", ["md", "ipynb", "html"])
def test_export(three: Kernel, service: FakeService, ending: str) -> None:
    """Each form holds every answer; a file that is there is not written over unasked."""
    there = three.folder / "work" / f"a talk.{ending}"
    there.write_text("Mine.")
    refused = three.run(f"%codex export 'a talk.{ending}'")
    untouched = there.read_text()
    written = line(three.run(f"%codex export 'a talk.{ending}' --force"))
    whole = there.read_text()

    assert f"a talk.{ending}" in written
    assert ("Mine.", True) == (untouched, "--force" in refused.traceback[0])
    assert all(f"Answer {word}." in whole for word in ("one", "two", "three"))
    if ending == "ipynb":
        assert 4 == json.loads(whole)["nbformat"]


def test_transcript(three: Kernel) -> None:
    """The whole conversation is one output; its questions are quoted, and are no markup."""
    three.run("%codex ask -q Is <b>it</b> so?")
    (output,) = three.run("%codex transcript").displays

    page = output["data"]["text/html"]
    assert "<blockquote>Is &lt;b&gt;it&lt;/b&gt; so?</blockquote>" in page
    assert all(f"Answer {word}." in page for word in ("one", "two", "three"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("transcript", "Nothing was said in 'main'"),
        ("transcript all", "takes no words"),
        ("undo x", "takes a number"),
        ("retry", "nothing to retry"),
        ("edit", "%codex edit N PROMPT"),
        ("edit 1 -e low", "%codex edit N PROMPT"),
        ("edit 1 --ever so slow", "There is no option --ever"),
        ("edit 4 New", "There is no turn 4"),
        ("edit x New", "takes a number"),
        ("hide", "takes a number"),
        ("hide 0", "There is no turn 0"),
        ("pin 7", "There is no turn 7"),
        ("fork", "give the copy a name"),
        ("switch", "%codex chats"),
        ("switch nowhere", "'nowhere'"),
        ("new a --instructions b c", "in quotes"),
        ("new a --instructions @missing.txt", "missing.txt"),
        ("delete", "%codex chats"),
        ("delete nowhere", "'nowhere'"),
        ("continue", "nothing to continue"),
        ("compact", "nothing to compact"),
        ("compact --dry-run", "dry_run"),
        ("compact soon", "soon"),
        ("history --search", "give the words"),
        ("history --search 'open", "quot"),
        ("resume", "no earlier conversation"),
        ("resume nowhere", "'nowhere'"),
        ("save", "give one file"),
        ("save a b", "give one file"),
        ("load missing.json", "missing.json"),
        ("export talk.docx", "docx"),
        ("export missing/talk.md", "missing"),
        ("export copy.ipynb --notebook", "no file yet"),
        ("show 5", "no turn 5"),
    ],
)
def test_a_mistake_is_one_line(
    kernel: Kernel, service: FakeService, command: str, said: str
) -> None:
    """It says what was wrong or what to do; nothing is sent and nothing changes."""
    executed = kernel.run(f"%codex {command}")

    assert "error" == executed.status
    assert 1 == len(executed.traceback)
    assert said in executed.traceback[0]
    assert "\n" not in executed.traceback[0].strip()
    assert ([], "") == (service.requests, executed.stdout)
