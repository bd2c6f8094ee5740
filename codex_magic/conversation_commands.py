"""The ``%codex`` commands about what was said: conversations, their turns, and files of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .asking import Options
from .assistant import Assistant
from .command_words import cut, instructions_of, number, numbers, words
from .conversation import editing
from .conversation.turns import Turn
from .display.progress import plural
from .errors import ConfigError
from .options import parse_line

_FOR_SUMMARIES = {
    "model": "--model",
    "backend": "--backend",
    "effort": "--effort",
    "service_tier": "--service-tier",
    "timeout": "--timeout",
}
_STAR = {True: "*", False: " "}


def new(assistant: Assistant, rest: str) -> None:
    """new [NAME] [--instructions TEXT]: start a new conversation"""
    name, _, options = rest.partition("--instructions")
    instructions = ""
    if options:
        found, more = parse_line(f"--instructions {options.strip()}")
        instructions = instructions_of(found["instructions"])
        if more:
            raise ConfigError("%codex new: put the instructions in quotes.")
    conversation = assistant.memory.new(name.strip() or None, instructions=instructions)
    print(f"Conversation {conversation.name!r} begins. The others keep their names.")


def chats(assistant: Assistant, rest: str) -> None:
    """chats: the conversations of this kernel and those on disk"""
    memory = assistant.memory
    for name, conversation in memory.conversations.items():
        last = conversation.turns[-1].prompt if conversation.turns else ""
        count = plural(len(conversation.turns), "turn")
        print(f"{_STAR[name == memory.current]} {name:<24} {count:<9} {cut(last)}")
    here = {conversation.id for conversation in memory.conversations.values()}
    for chat in memory.kept():
        if chat.id not in here:
            when = datetime.fromtimestamp(chat.updated).strftime("%Y-%m-%d %H:%M")
            count = plural(chat.turns, "turn")
            print(f"  {chat.name:<24} {count:<9} {cut(chat.last_prompt)}  ({when}, {chat.id})")


def switch(assistant: Assistant, rest: str) -> None:
    """switch NAME: go on in another conversation"""
    memory = assistant.memory
    if not rest:
        raise ConfigError("%codex switch NAME: %codex chats lists the names.")
    memory.adopt(memory.named(rest))
    _say_where(assistant)


def history(assistant: Assistant, rest: str) -> None:
    """history [-n N] [--search TEXT]: what was said in this conversation, or wherever"""
    if rest.startswith("--search"):
        _search(assistant, " ".join(words(rest.removeprefix("--search"))))
        return
    turns = assistant.conversation.turns
    named = words(rest)
    if named[:1] == ["-n"]:
        named = named[1:]
    count = number(named[0], "history -n") if named else len(turns)
    if not turns:
        print(f"Nothing was said in {assistant.conversation.name!r} yet.")
    first = max(len(turns) - count, 0)
    for place, turn in enumerate(turns[first:], start=first + 1):
        print(_listed(place, turn))


def undo(assistant: Assistant, rest: str) -> None:
    """undo [N]: take back the last turn, or the last N"""
    taken = assistant.conversation.undo(number(rest, "undo") if rest else 1)
    if not taken:
        print("There is nothing to take back.")
    for turn in taken:
        print(f"Taken back: {cut(turn.prompt)}")


def hide(assistant: Assistant, rest: str) -> None:
    """hide N …: leave turns out of what is sent; again to send them"""
    for place in numbers(rest, "hide"):
        turn = editing.turn_at(assistant.conversation, place)
        change = editing.unhide if turn.hidden else editing.hide
        change(assistant.conversation, place)
        print(f"{'Sent again' if turn.hidden else 'Hidden'}: {cut(turn.prompt)}")


def pin(assistant: Assistant, rest: str) -> None:
    """pin N …: keep turns as they are when the conversation is compacted; again to let go"""
    for place in numbers(rest, "pin"):
        turn = editing.turn_at(assistant.conversation, place)
        change = editing.unpin if turn.pinned else editing.pin
        change(assistant.conversation, place)
        print(f"{'No longer pinned' if turn.pinned else 'Pinned'}: {cut(turn.prompt)}")


def fork(assistant: Assistant, rest: str) -> None:
    """fork NAME: go on in a copy of this conversation"""
    memory = assistant.memory
    if not rest:
        raise ConfigError("%codex fork NAME: give the copy a name.")
    if rest in memory.conversations and memory.conversations[rest].turns:
        raise ConfigError(f"There is a conversation {rest!r} already: choose another name.")
    memory.adopt(editing.fork(assistant.conversation, rest), whole=True)
    _say_where(assistant)


def compact(assistant: Assistant, rest: str) -> None:
    """compact [options]: put a summary in the place of what was said; pinned turns stay"""
    given, more = parse_line(rest)
    unfit = more or next((name for name in given if name not in _FOR_SUMMARIES), "")
    if unfit:
        raise ConfigError(
            f"%codex compact takes {', '.join(_FOR_SUMMARIES.values())} and nothing else: "
            f"not {unfit!r}."
        )
    done = assistant.compact(Options(**given))
    print(
        f"A summary stands for {plural(done.replaced, 'turn')}; they are kept in "
        f"{done.before.name!r}: %codex switch {done.before.name}"
    )


def delete(assistant: Assistant, rest: str) -> None:
    """delete NAME: forget a conversation, here and on disk"""
    if not rest:
        raise ConfigError("%codex delete NAME: %codex chats lists the names.")
    gone = assistant.memory.delete(rest)
    assistant.memory.settle()
    print(f"Forgotten: {gone.name!r}, {plural(len(gone.turns), 'turn')}.")


def resume(assistant: Assistant, rest: str) -> None:
    """resume [NAME or ID]: go on with this notebook's last conversation, or another"""
    memory = assistant.memory
    memory.place(assistant.preparing.notebook.path())
    if rest.startswith(("conv_", "resp_")):
        adopted = assistant.adopt(rest)
        for notice in adopted.notices:
            print(notice)
    else:
        memory.adopt(memory.earlier(rest) if rest else memory.resume())
    _say_where(assistant)


def save(assistant: Assistant, rest: str) -> None:
    """save FILE [--force]: write this conversation to a file, whole"""
    from .conversation.saved import save as save_file  # Only for this.

    path, force = _file(rest, "save")
    print(f"Saved: {save_file(assistant.conversation, path, force=force)}")


def load(assistant: Assistant, rest: str) -> None:
    """load FILE: go on with a conversation from a file"""
    from .conversation.saved import load as load_file  # Only for this.

    path, _ = _file(rest, "load")
    found = load_file(path)
    memory = assistant.memory
    known = {chat.id for chat in (*memory.conversations.values(), *memory.kept())}
    if found.id in known:
        # What is here or on disk may have gone on since: the file becomes a copy.
        found = editing.fork(found, found.name)
    memory.adopt(found, whole=True)
    _say_where(assistant)


def export(assistant: Assistant, rest: str) -> None:
    """export FILE [--force]: .md, .ipynb that runs, .html or .json; --notebook COPY.ipynb"""
    from . import export as exporting  # Markdown, its sanitizer and Pygments.

    path, force = _file(rest.replace("--notebook", ""), "export")
    if "--notebook" in rest:
        source = assistant.preparing.notebook.path()
        if not source:
            raise ConfigError("This notebook has no file yet: save it, then export it again.")
        count = exporting.export_notebook_copy(source, path, force=force)
        print(f"Written: {path}, {plural(count, 'answer')} as Markdown.")
        return
    print(f"Written: {exporting.export(assistant.conversation, path, force=force)}")


COMMANDS: dict[str, Callable[[Assistant, str], None]] = {
    "new": new,
    "chats": chats,
    "switch": switch,
    "history": history,
    "undo": undo,
    "hide": hide,
    "pin": pin,
    "fork": fork,
    "compact": compact,
    "delete": delete,
    "resume": resume,
    "save": save,
    "load": load,
    "export": export,
}


def _search(assistant: Assistant, text: str) -> None:
    store = assistant.memory.store
    if not text:
        raise ConfigError("%codex history --search TEXT: give the words to look for.")
    if store is None:
        raise ConfigError(assistant.memory.trouble)
    assistant.memory.settle()
    found = store.search(text)
    if not found:
        print(f"Nothing was said about {text!r}.")
    for one in found:
        print(f"{one.name}:\n{_listed(0, one.turn)}")


def _file(rest: str, command: str) -> tuple[str, bool]:
    named = [word for word in words(rest) if word != "--force"]
    if len(named) != 1:
        raise ConfigError(f"%codex {command} FILE: give one file.")
    return named[0], "--force" in rest


def _say_where(assistant: Assistant) -> None:
    conversation = assistant.conversation
    last = f" The last: {cut(conversation.turns[-1].prompt)}" if conversation.turns else ""
    count = plural(len(conversation.turns), "turn")
    print(f"Conversation {conversation.name!r}, {count}.{last}")


def _listed(place: int, turn: Turn) -> str:
    marks: list[str] = [turn.status] if turn.status != "completed" else []
    marks += [name for name in ("hidden", "pinned") if getattr(turn, name)]
    mark = f" ({', '.join(marks)})" if marks else ""
    answer = turn.text or turn.error or ""
    return f"{place or '':>3}  {cut(turn.prompt)}\n     → {cut(answer)}{mark}"
