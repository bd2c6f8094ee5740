"""Files and folders that are broken, full, closed or somebody else's: an answer goes on."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_magic.conversation.store import Store
from codex_magic.conversation.turns import Conversation
from tests.counts import count

from .store_writer import PATIENCE, line, start, turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with forty turns, closed."""
    store = Store(tmp_path / "store.sqlite")
    conversation = Conversation("main", id="main")
    for number in range(40):
        assert store.record(conversation, turn(f"question {number}", "answer " * 200))
    store.close()
    return store.path


def use(store: Store) -> None:
    """Do everything: nothing may be raised, whatever is there."""
    conversation = Conversation("new", id="new", notebook="/n")
    begun = turn("begun", id="begun")
    store.begin(conversation, begun)
    store.grow("begun", "text")
    store.record(conversation, begun)
    store.edit(conversation, begun)
    store.reorder(conversation, ["begun"])
    store.save(conversation)
    store.remember("key", 1, 60)
    store.load("main")
    store.load_latest("/n")
    store.search("answer")
    store.find("digest")
    store.recall("key")
    store.usage_since(0)
    store.chats()
    store.rename("main", "other")
    store.remove(conversation, ["begun"])
    store.delete("new")
    store.size()
    store.close()


def works(store: Store) -> bool:
    """Whether what is said now is kept."""
    conversation = Conversation("after")
    kept = turn("after")
    if not store.record(conversation, kept):
        return False
    found = Store(store.path).load(conversation.id)
    return found is not None and (kept,) == found.turns


def aside(path: Path) -> list[Path]:
    """The files that were moved out of the way."""
    return [
        found
        for found in path.parent.iterdir()
        if ".corrupt-" in found.name and not found.name.endswith(("-wal", "-shm"))
    ]


def test_random_bytes_never_stop_anything(path: Path) -> None:
    """Wherever they are; what cannot be read is moved aside, with a line that says where."""
    chance = random.Random(7)
    whole = path.read_bytes()
    moved = 0
    for number in range(count(300)):
        place = path.parent / str(number) / "store.sqlite"
        place.parent.mkdir()
        spoiled = bytearray(whole)
        for _ in range(chance.choice((1, 5, 50))):
            offset = chance.randrange(len(whole))
            length = chance.choice((1, 16, 4_096))
            spoiled[offset : offset + length] = chance.randbytes(len(whole[offset:][:length]))
        place.write_bytes(spoiled)
        store = Store(place)

        use(store)

        if aside(place):
            moved += 1
            assert f"it was moved to {aside(place)[-1]}, and a new one was begun" in store.trouble
            assert works(Store(place))
    assert moved


@pytest.mark.parametrize("offset", [0, 16, 100, 4_096, 8_192, 20_000])
def test_a_broken_page_is_no_dead_end(path: Path, offset: int) -> None:
    """Whatever page it is, the next kernel keeps what is said, and the old file is still there."""
    spoiled = bytearray(path.read_bytes())
    spoiled[offset : offset + 4_096] = random.Random(offset).randbytes(4_096)[
        : len(spoiled) - offset
    ]
    path.write_bytes(spoiled)
    store = Store(path)

    use(store)

    assert works(Store(path))
    if aside(path):
        assert bytes(spoiled[-4_096:]) == aside(path)[0].read_bytes()[-4_096:]


@pytest.mark.parametrize("length", [0, 1, 99, 4_096, 10_000])
def test_a_truncated_file_is_begun_anew(path: Path, length: int) -> None:
    """One with nothing in it needs no word about it."""
    os.truncate(path, length)
    store = Store(path)

    use(store)

    assert works(store)
    assert works(Store(path))
    assert (length > 1) == bool(aside(path)), store.trouble


def test_text_that_is_no_database_is_moved_aside(path: Path) -> None:
    """It is not lost."""
    path.write_text("Dear diary, " * 100)
    store = Store(path)

    assert works(store)
    assert ["Dear diary, " * 100] == [found.read_text() for found in aside(path)]
    assert str(aside(path)[0]) in store.trouble


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """It is neither moved nor changed."""
    path = tmp_path / "theirs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE turns (number INTEGER)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    store = Store(path)

    use(store)

    assert "belongs to another program: move it away" in store.trouble
    assert before == path.read_bytes()


def test_a_file_that_breaks_while_it_is_open_is_replaced(path: Path) -> None:
    """The kernel that has it open goes on with a new one."""
    store = Store(path)
    assert store.load("main") is not None
    with path.open("r+b") as file:
        file.write(random.Random(1).randbytes(path.stat().st_size))

    use(store)

    assert works(store)
    assert aside(path)


def test_a_file_that_is_deleted_while_it_is_open_is_made_again(path: Path) -> None:
    """Nothing goes into a file that nobody can find; the ones that have it open do no harm."""
    store, other = Store(path), Store(path)
    store.load("main")
    other.load("main")
    for file in list(path.parent.iterdir()):
        file.unlink()

    assert works(store)
    other.close()
    assert works(other)
    assert works(store)
    assert "" == store.trouble


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what is open is seen there")
@pytest.mark.parametrize("count", [1, 2])
def test_a_file_that_is_deleted_while_it_is_open_is_let_go(path: Path, count: int) -> None:
    """However often that happens; what is in the log of the file that took its name stays there."""
    stores, said = [Store(path) for _ in range(count)], Conversation("main")
    assert all(store.record(said, turn("first")) for store in stores)
    before = opened(path)
    for _ in range(5):
        for side in ("", "-wal", "-shm"):
            Path(f"{path}{side}").unlink(missing_ok=True)
        for store in stores:
            files = store.begun
            assert store.record(said, turn("again"))
            assert files + 1 == store.begun
            assert Path(f"{path}-wal").stat().st_size

    assert before == opened(path)
    assert all(map(works, stores))


def opened(path: Path) -> list[str]:
    """Return which files of a store this process has open, deleted ones, too."""
    links = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]
    found = [os.readlink(link) for link in links if os.path.lexists(link)]
    return sorted(name for name in found if name.startswith(f"{path}"))


@pytest.mark.parametrize("where", ["", "-wal", "-shm", "-kernels"])
def test_a_folder_in_the_place_of_a_file(tmp_path: Path, where: str) -> None:
    """It cannot be written, and the line says so; nothing else happens."""
    path = tmp_path / "store.sqlite"
    Path(f"{path}{where}").mkdir()
    store = Store(path)

    use(store)

    if where != "-kernels":
        assert not works(store)
        assert str(path) in store.trouble
        assert 1 == len(store.trouble.splitlines())


@pytest.mark.parametrize("place", ["file/store.sqlite", "file/deeper/store.sqlite"])
def test_a_file_in_the_place_of_the_folder(tmp_path: Path, place: str) -> None:
    """The line says what cannot be written."""
    (tmp_path / "file").touch()
    store = Store(tmp_path / place)

    use(store)

    assert not works(store)
    assert "cannot be written" in store.trouble
    assert "set persist = False" in store.trouble


@pytest.fixture
def shut() -> Iterator[Path]:
    """A store in a folder that nobody may write to, outside of pytest's private one."""
    folder = Path(tempfile.mkdtemp())
    store = Store(folder / "store.sqlite")
    for number in range(3):
        store.record(Conversation("main", id="main"), turn(str(number)))
    store.close()
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    yield store.path
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_a_folder_that_may_not_be_written_is_still_read(shut: Path) -> None:
    """What was said can be read; what is said now is not kept, and the line says why."""
    process = start("refused", shut)
    said, _ = process.communicate(timeout=PATIENCE)

    written, turns, chats, trouble = said.strip().split("|")
    assert ("False", "3", "1") == (written, turns, chats)
    assert "cannot be written" in trouble


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits there")
def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    """The turns that were kept stay, the line says what is wrong, and nothing is raised."""
    process = start("full", tmp_path / "store.sqlite", 1_000_000)
    first, second = line(process), line(process)
    process.communicate(timeout=PATIENCE)

    written, found, _ = first.split(" ", 2)
    assert int(written) > 4
    assert written == found
    assert "not kept on disk" in second
    assert works(Store(tmp_path / "store.sqlite"))
    assert [] == aside(tmp_path / "store.sqlite")


def test_rows_that_cannot_be_read_are_left_out(path: Path) -> None:
    """The rest of the conversation is there, and the line says how many are not."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE turns SET body = X'7B' WHERE position = 2")
    connection.execute("UPDATE turns SET body = CAST('{\"input\": 3}' AS BLOB) WHERE position = 3")
    connection.execute("UPDATE turns SET body = CAST('[]' AS BLOB) WHERE position = 4")
    connection.commit()
    connection.close()
    store = Store(path)

    found = store.load("main")

    assert found is not None
    assert 37 == len(found.turns)
    assert (
        "Turns that cannot be read in the store, and are left out: 3 of the conversation 'main'."
        == store.trouble
    )
