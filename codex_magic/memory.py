"""The conversations of this kernel: which one a question joins, and what of them is on disk."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .attaching import Attached
from .config import Codex
from .context.pieces import Document, Picture, Piece
from .context.recorder import cell_id_of
from .conversation.editing import free_name
from .conversation.turns import Conversation, Plan, Turn, lineage, new_id
from .errors import ConfigError
from .patterns import late
from .spending import spent_by

if TYPE_CHECKING:
    from .conversation.journal import Journal
    from .conversation.store import Spent, Store

MAIN = "main"
DATA_VARIABLE = "CODEX_MAGIC_DATA_DIR"
# Seconds that a cell waits at most until what was said is on disk.
_DURABLE = 2.0
_DAY = 86_400.0
# The numbers of executions change with every run of a notebook.
_COUNTS = late(r"\b(In|Out) ?\[\d+\]|\bcell \d+")
_COUNTED = ("cell", "error")


def data_folder(config: Codex) -> Path:
    """Return where conversations are kept: the setting, the variable, or the user's data folder."""
    if named := config.data_dir or os.environ.get(DATA_VARIABLE, ""):
        return Path(named).expanduser()
    from platformdirs import user_data_path  # Only where something is kept.

    return user_data_path("codex_magic", appauthor=False)


class Memory:
    """
    The conversations of a kernel, by name; one of them is the current one.

    Args:
        config: The settings.
        shell: The IPython shell, or None outside of one.
    """

    def __init__(self, config: Codex, shell: Any = None) -> None:
        self._config = config
        self._shell = shell
        self._journal: Journal | None = None
        self._kept_in: tuple[Path, int] | None = None
        # The first question and the warm-up may come at the same moment.
        self._lock = threading.RLock()
        self._run = ("", 0)
        self._took: list[tuple[float, bool, Spent]] = []
        self.notebook = ""
        self.conversations: dict[str, Conversation] = {}
        self.current = MAIN
        self.switch(MAIN)

    @property
    def conversation(self) -> Conversation:
        """The conversation that the next question joins."""
        return self.conversations[self.current]

    @property
    def store(self) -> Store | None:
        """What is on disk; None where nothing is to be kept."""
        journal = self.journal
        return journal.store if journal else None

    @property
    def journal(self) -> Journal | None:
        """What writes to the disk; None where nothing is to be kept."""
        wanted = (data_folder(self._config), self._config.store_mb)
        with self._lock:
            if self._journal is not None and (not self._config.persist or wanted != self._kept_in):
                self._leave()
            if self._config.persist and self._journal is None:
                self._kept_in = wanted
                self._journal = self._begun(*wanted)
            return self._journal

    def _begun(self, folder: Path, limit_mb: int) -> Journal:
        from .conversation.journal import Journal  # SQLite: not before it is needed.
        from .conversation.store import Store

        journal = Journal(Store(folder / "conversations.sqlite", limit_mb=limit_mb))
        for conversation in self.conversations.values():
            # What was said before anything was kept, or in another file, is kept as a whole.
            (journal.save if conversation.turns else journal.listen)(conversation)
        return journal

    def _leave(self) -> None:
        """Write no more: the setting has changed."""
        for conversation in self.conversations.values():
            conversation.on_change = None
        self.close()
        self._journal = None

    def place(self, notebook: str) -> None:
        """Note in which notebook the conversations that begin now are held."""
        self.notebook = notebook
        for conversation in self.conversations.values():
            if not conversation.turns:
                conversation.notebook = notebook

    def hold(self, conversation: Conversation, notebook: str) -> None:
        """Note in which notebook a conversation goes on; it may have been renamed."""
        if notebook and notebook != conversation.notebook:
            conversation.notebook = self.notebook = notebook
            if self._journal is not None and (journal := self.journal):
                journal.keep(conversation)

    def new(self, name: str | None = None, *, instructions: str = "") -> Conversation:
        """
        Begin a conversation and make it the current one; the one before it keeps its name.

        Raises:
            ConfigError: There is one of that name already.
        """
        if name and name in self.conversations and self.conversations[name].turns:
            raise ConfigError(f"There is a conversation {name!r} already: choose another name.")
        found = self.switch(name or self._free_name())
        if instructions:
            found.instructions = instructions
        return found

    def switch(self, name: str) -> Conversation:
        """Make the conversation of a name the current one; a new one is begun."""
        if name not in self.conversations:
            self.add(Conversation(name, notebook=self.notebook))
        self.current = name
        return self.conversations[name]

    def named(self, name: str) -> Conversation:
        """
        Return the conversation of a name, or of an id, of this kernel or from the disk.

        Raises:
            ConfigError: There is none.
        """
        known = self.conversations.values()
        here = self.conversations.get(name) or next((one for one in known if one.id == name), None)
        if here is not None:
            return here
        return self._loaded([chat for chat in self.kept() if name in (chat.name, chat.id)], name)

    def earlier(self, name: str) -> Conversation:
        """
        Return the conversation of a name as ``named``; one that nothing was said in does not count.

        Raises:
            ConfigError: There is none.
        """
        here = self.conversations.get(name)
        kept = [chat for chat in self.kept() if name == chat.name]
        if here is None or here.turns or not kept:
            return self.named(name)
        return self._loaded(kept, name)

    def _loaded(self, chats: Sequence[Any], name: str) -> Conversation:
        found = self.store.load(chats[0].id) if self.store and chats else None
        if found is None:
            raise ConfigError(f"There is no conversation {name!r}: %codex chats lists them.")
        return found

    def add(self, conversation: Conversation, *, whole: bool = False) -> Conversation:
        """
        Take a conversation in, under a name that is free.

        Args:
            conversation: It may be of another kernel, of a file, or of a service.
            whole: Whether the disk does not have it yet.
        """
        known = self.conversations.get(conversation.name)
        if known is not None and known.id != conversation.id and known.turns:
            conversation.name = free_name(conversation.name, self.conversations)
        self.conversations[conversation.name] = conversation
        if self._journal is not None and (journal := self.journal):
            (journal.save if whole else journal.listen)(conversation)
        return conversation

    def put_aside(self, conversation: Conversation) -> Conversation:
        """Take in what the current conversation was; ``resume`` goes on with the current one."""
        taken = self.add(conversation, whole=True)
        if self._journal is not None and (journal := self.journal):
            journal.keep(self.conversation)
        return taken

    def adopt(self, conversation: Conversation, *, whole: bool = False) -> Conversation:
        """Take a conversation in and make it the current one."""
        if whole and self._config.persist:
            # Begun here, so that what comes from elsewhere is written as a whole.
            assert self.journal is not None
        self.add(conversation, whole=whole)
        self.current = conversation.name
        return conversation

    def resume(self) -> Conversation:
        """
        Return the last conversation of this notebook, or the very last one outside of a notebook.

        Raises:
            ConfigError: There is none.
        """
        here = {conversation.id for conversation in self.conversations.values()}
        chats = [chat for chat in self.kept(self.notebook or None) if chat.id not in here]
        found = self.store.load(chats[0].id) if self.store and chats else None
        if found is None:
            where = "of this notebook " if self.notebook else ""
            raise ConfigError(
                self.trouble
                or f"There is no earlier conversation {where}on disk: %codex chats lists all."
            )
        return found

    @property
    def trouble(self) -> str:
        """Why nothing is read from the disk, or kept on it, in one line; empty where all is well."""
        if not self._config.persist:
            return "Nothing is kept on disk: %codex config persist=True keeps it."
        return self.store.trouble if self.store else ""

    def kept(self, notebook: str | None = None) -> Sequence[Any]:
        """Return what is known of the conversations on disk, the latest first."""
        return [chat for chat in self.store.chats(notebook) if chat.turns] if self.store else []

    def delete(self, name: str) -> Conversation:
        """
        Forget a conversation, here and on disk.

        Raises:
            ConfigError: There is none of that name, or several on disk.
        """
        here = self.conversations.get(name)
        kept = [chat for chat in self.kept() if chat.name == name]
        if len(kept) > 1 and (here is None or not here.turns):
            raise ConfigError(
                f"There are {len(kept)} conversations {name!r} on disk: %codex chats lists their "
                "ids, and %codex delete ID forgets one."
            )
        found = self.earlier(name)
        gone = self.conversations.get(found.name) is found
        if gone:
            del self.conversations[found.name]
        if self.journal is not None:
            self.journal.delete(found)
        if gone and self.current == found.name:
            self.switch(MAIN if MAIN not in self.conversations else next(iter(self.conversations)))
        return found

    def key(self) -> str:
        """Return which cell asks, and which question of its run it is; empty to add a turn."""
        get_parent = getattr(self._shell, "get_parent", None)
        parent = (get_parent() if get_parent else None) or {}
        cell_id = cell_id_of(parent)
        if not cell_id or self._config.rerun == "append":
            return ""
        message_id = str((parent.get("header") or {}).get("msg_id"))
        run, asked = self._run
        self._run = (message_id, asked + 1 if run == message_id else 1)
        return f"{cell_id}#{self._run[1]}"

    def outlived(self, conversation: Conversation, key: str) -> tuple[str, ...]:
        """Return the further questions that the same cell asked when it ran before."""
        cell, _, number = key.rpartition("#")
        if number != "1":
            return ()
        return tuple(
            turn.id
            for turn in conversation.turns
            if turn.key != key and turn.key.rpartition("#")[0] == cell
        )

    def answered(self, digest: str) -> Turn | None:
        """Return the answer that this very request had, here or on disk."""
        turns = (turn for known in self.conversations.values() for turn in known.turns)
        found = next((t for t in turns if t.digest == digest and t.status == "completed"), None)
        return found or (self.store.find(digest) if self.store else None)

    def repeat(self, turn: Turn, conversation: Conversation, key: str) -> Turn:
        """Put an earlier answer where this question's would be, and return it."""
        if any(kept.digest == turn.digest and kept.key == key for kept in conversation.turns):
            return turn
        # What a service keeps of it stood in another history.
        again = replace(
            turn, id=new_id(), key=key, usage=None, seconds=0.0, response_id=None, stored=False
        )
        standing = [
            kept for kept in conversation.turns if kept.counts and kept.key != (key or None)
        ]
        return conversation.record(again, Plan("stateless", lineage=lineage(standing)))

    def successor(self, identity: str, model: str) -> str:
        """Return which model stands for a retired one at a service; empty where nobody knows."""
        found = self.store.recall(f"successor {identity} {model}") if self.store else None
        return found if isinstance(found, str) else ""

    def note_successor(self, identity: str, model: str, found: str) -> None:
        """Remember for a day which model stands for a retired one, for other kernels, too."""
        if self.store is not None and self.successor(identity, model) != found:
            self.store.remember(f"successor {identity} {model}", found, _DAY)

    def took(self, turn: Turn, *, kept: bool) -> None:
        """Count what a turn of this kernel took; ``kept`` is whether the disk has it, too."""
        self._took += [(turn.started, kept, spent) for spent in spent_by([turn])]

    def spent(self, since: float | None = None) -> list[Spent]:
        """
        Return what each turn took.

        Args:
            since: Of all kernels that keep what is said here, since then; None for this kernel.
        """
        store = self.store if since is not None else None
        there = store.turns_since(since or 0) if store else []
        # A disk that fails has not all of it.
        sound = store is not None and not store.trouble
        here = [
            spent
            for began, kept, spent in self._took
            if began >= (since or 0) and not (kept and sound)
        ]
        return [*there, *here]

    def settle(self) -> str:
        """Wait until everything is on disk; return what is wrong with it, in one line."""
        journal = self.journal if self._journal is not None else None
        if journal is None:
            return ""
        journal.settle(_DURABLE)
        return journal.store.trouble

    def grow(self, turn_id: str, text: str) -> None:
        """Put the words that an answer has so far on disk, some time soon."""
        if self._journal is not None:
            self._journal.grow(turn_id, text)

    def close(self) -> None:
        """Put everything on disk and close the file."""
        if self._journal is not None:
            self._journal.settle(_DURABLE)
            self._journal.store.close()

    def _free_name(self) -> str:
        if not self.conversation.turns:
            return self.current
        return next(
            name
            for number in range(2, len(self.conversations) + 3)
            if (name := f"{MAIN}-{number}") not in self.conversations
        )


def digest_of(attached: Attached, asked: Any, conversation: Conversation, key: str) -> str:
    """
    Return a hash of a request: the same one again has the same, in another kernel, too.

    Args:
        attached: The question and what goes along; the numbers of cells do not count.
        asked: The model that is asked for and the parameters, as JSON.
        conversation: Where it is asked.
        key: Which cell asks.
    """
    earlier = []
    for turn in conversation.turns:
        if key and turn.key == key:
            break
        if turn.counts:
            earlier.append(
                turn.key or hashlib.sha256(turn.prompt.encode("utf-8", "replace")).hexdigest()
            )
    contents = [_content(one) for one in attached.attachments]
    whole = [attached.prompt, contents, attached.detail if contents else "", asked, earlier]
    text = json.dumps(whole, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _content(attachment: Piece | Picture | Document) -> str:
    match attachment:
        case Piece():
            text = attachment.text
            return _COUNTS.sub(r"\1", text) if attachment.kind in _COUNTED else text
        case Picture():
            return attachment.url or hashlib.sha256(attachment.data).hexdigest()
        case Document():
            return hashlib.sha256(attachment.data).hexdigest()
