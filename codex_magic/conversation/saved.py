"""A conversation as one JSON file that loses nothing of it: ``%codex save`` and ``%codex load``."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from ..api.items import Json, Usage
from ..errors import ConfigError
from .plans import Held, Link, State
from .turns import Conversation, Kind, Status, Turn

FORMAT = "codex-magic conversation"
VERSION = 1

_AGAIN = "save it again with %codex save, or load another copy"
_NUMBER = (int, float)
# What a field of a turn may be; a field that a file lacks is what a new turn has there.
_FIELDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("prompt", "text", "model", "service", "id", "key", "sent", "digest"), (str,)),
    "form": (str,),
    **dict.fromkeys(("status", "kind"), (str,)),
    **dict.fromkeys(("stored", "hidden", "pinned"), (bool,)),
    **dict.fromkeys(("seconds", "started"), _NUMBER),
    **dict.fromkeys(("response_id", "error"), (str, type(None))),
    **dict.fromkeys(("input", "output"), (list,)),
    "lineage": (int,),
    "usage": (dict, type(None)),
}
_REQUIRED = ("id", "prompt", "input", "output", "status")
_CHOICES = {"status": get_args(Status), "kind": get_args(Kind)}
_COUNTS = tuple(field.name for field in fields(Usage) if field.name != "raw")


def to_json(conversation: Conversation) -> Json:
    """Return all of a conversation as JSON: every field of every item, images as data URLs."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": conversation.name,
        "id": conversation.id,
        "instructions": conversation.instructions,
        "notebook": conversation.notebook,
        "state": conversation.state,
        "link": _link_json(conversation.link),
        "turns": [_turn_json(turn) for turn in conversation.turns],
    }


def from_json(saved: Any, *, source: str = "This") -> Conversation:
    """
    Return the conversation that ``to_json`` wrote down.

    Args:
        saved: The JSON.
        source: What an error calls it by.

    Raises:
        ConfigError: It is something else, of a newer version, or damaged.
    """
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise ConfigError(
            f"{source} is no conversation of codex_magic: name a file that %codex save wrote."
        )
    version = saved.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ConfigError(
            f"{source} has version {version} of the format, and this codex_magic reads {VERSION}: "
            "pip install -U codex-magic."
        )
    try:
        return _conversation(saved)
    except _DamagedError as error:
        raise ConfigError(f"{source} is damaged ({error}): {_AGAIN}.") from None


def save(conversation: Conversation, path: str | os.PathLike[str], *, force: bool = False) -> Path:
    """
    Write a conversation to a file, whole or not at all, and return the file's path.

    A file that holds an earlier state of this conversation is replaced.

    Args:
        conversation: What to write.
        path: The file; ``~`` is the home folder.
        force: Whether any other file is replaced, too.

    Raises:
        ConfigError: There is another file, or it cannot be written.
    """
    target = expanded(path)
    ours = force or _id_in(target) == conversation.id
    # Half of a character cannot be UTF-8: it is written as JSON's escape.
    text = json.dumps(to_json(conversation), ensure_ascii=False, indent=1)
    return write_file(target, f"{text}\n".encode(errors="backslashreplace"), force=ours)


def load(path: str | os.PathLike[str]) -> Conversation:
    """
    Return the conversation that a file holds.

    What a service keeps of it may have changed since: it is looked at before it is used.

    Raises:
        ConfigError: There is no such file, or it is no saved conversation.
    """
    file = expanded(path)
    conversation = from_json(_read(file), source=str(path))
    if conversation.link is not None:
        conversation.link = replace(conversation.link, doubted=True)
    return conversation


def write_file(path: Path, content: bytes, *, force: bool) -> Path:
    """
    Write a file, whole or not at all, and return its path.

    Raises:
        ConfigError: There is one already, without ``force``, or it cannot be written.
    """
    try:
        # A link to a file stays a link.
        target = Path(os.path.realpath(path))
        _see_to_it(path, target, force=force)
        beside = target.with_name(f".{secrets.token_hex(6)}.part")
        try:
            _write_through(beside, content)
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{str(path)!r} cannot be written: {reason}.") from error
    return path


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path as the user means it: ``~`` is the home folder."""
    return Path(os.path.expanduser(path))


def _see_to_it(path: Path, target: Path, *, force: bool) -> None:
    """See to it that nothing of the user's is in the way."""
    if target.is_dir():
        raise ConfigError(f"{path} is a folder: name a file.")
    if target.exists() and not force:
        raise ConfigError(f"{path} exists already: choose another name, or add --force.")
    if not target.parent.is_dir():
        raise ConfigError(f"There is no folder {path.parent}: make it first.")


def _write_through(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}. Name a file that %codex save has written."
        ) from error
    except (ValueError, RecursionError):
        raise ConfigError(f"{file} is no JSON, or only a part of it: {_AGAIN}.") from None


def _id_in(file: Path) -> str | None:
    """Return the id of the conversation that a file holds, if it holds one."""
    try:
        return from_json(_read(file)).id if file.is_file() else None
    except (ConfigError, OSError):
        return None


def _turn_json(turn: Turn) -> Json:
    known: Json = {name: getattr(turn, name) for name in _FIELDS}
    known.update(input=list(turn.input), output=list(turn.output))
    if turn.usage is not None:
        counts = {name: getattr(turn.usage, name) for name in _COUNTS}
        known["usage"] = {**counts, "raw": turn.usage.raw}
    return known


def _link_json(link: Link | None) -> Json | None:
    if link is None:
        return None
    return {
        "conversation_id": link.conversation_id,
        "service": link.service,
        "held": [{"turn_id": held.turn_id, "shape": list(held.shape)} for held in link.held],
        "doubted": link.doubted,
    }


class _DamagedError(Exception):
    """What a file lacks, or has in a wrong form; the message is where."""


def _conversation(saved: Json) -> Conversation:
    if type(saved.get("version")) is not int or saved["version"] < 1:
        raise _DamagedError("version")
    conversation = Conversation(
        _checked(saved, "name", str),
        id=_checked(saved, "id", str),
        instructions=_checked(saved, "instructions", str),
        notebook=_checked(saved, "notebook", str),
        turns=_turns(_checked(saved, "turns", list)),
    )
    state = saved.get("state")
    if state is not None and state not in get_args(State):
        raise _DamagedError("state")
    conversation.state = state
    conversation.link = _link(saved.get("link"))
    return conversation


def _turns(saved: Sequence[Any]) -> list[Turn]:
    turns = [_turn(turn, f"turns[{number}]") for number, turn in enumerate(saved)]
    if len({turn.id for turn in turns}) < len(turns):
        raise _DamagedError("two turns have one id")
    return turns


def _turn(saved: Any, place: str) -> Turn:
    if not isinstance(saved, dict):
        raise _DamagedError(place)
    for name in _REQUIRED:
        if name not in saved:
            raise _DamagedError(f"{place}.{name}")
    known: Json = {
        name: _checked(saved, name, *types, place=f"{place}.")
        for name, types in _FIELDS.items()
        if name in saved
    }
    for name, choices in _CHOICES.items():
        if name in known and known[name] not in choices:
            raise _DamagedError(f"{place}.{name}")
    for name in ("input", "output"):
        if not all(isinstance(item, dict) for item in known[name]):
            raise _DamagedError(f"{place}.{name}")
        known[name] = tuple(known[name])
    if known.get("usage") is not None:
        known["usage"] = _usage(known["usage"], f"{place}.usage.")
    return Turn(**known)


def _usage(saved: Json, place: str) -> Usage:
    counts = {name: _checked(saved, name, int, place=place) for name in _COUNTS}
    return Usage(**counts, raw=_checked(saved, "raw", dict, type(None), place=place))


def _link(saved: Any) -> Link | None:
    if saved is None:
        return None
    if not isinstance(saved, dict):
        raise _DamagedError("link")
    return Link(
        _checked(saved, "conversation_id", str, place="link."),
        _checked(saved, "service", str, place="link."),
        tuple(_held(held) for held in _checked(saved, "held", list, place="link.")),
        _checked(saved, "doubted", bool, place="link."),
    )


def _held(saved: Any) -> Held:
    if not isinstance(saved, dict):
        raise _DamagedError("link.held")
    shape = _checked(saved, "shape", list, place="link.held.")
    if not all(isinstance(word, str) for word in shape):
        raise _DamagedError("link.held.shape")
    return Held(_checked(saved, "turn_id", str, place="link.held."), tuple(shape))


def _checked(saved: Json, name: str, *types: type, place: str = "") -> Any:
    """Return a member of a type; True and False are no numbers."""
    value = saved.get(name, ...)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise _DamagedError(f"{place}{name}")
    return value
