"""The ``%codex`` commands about keys: typed in without being seen, checked, kept, forgotten."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import Any

from .api.auth import Service
from .api.backends import CHATGPT
from .api.keys import forget_key, save_key
from .api.tokens import login_path, read_tokens
from .assistant import Assistant
from .command_words import words
from .display.progress import plural, printable
from .errors import APIError, AuthError, ConfigError
from .tool_running import reader

_NOBODY = (
    "Nobody can type a key here. Set {variable} before the kernel starts, or use a front end that "
    "asks for input."
)


def login(assistant: Assistant, rest: str) -> None:
    """login [--backend NAME] [--keep] [--codex]: type a key, unseen; --keep: in the keyring"""
    name, switches = _named(rest, "login", ("--keep", "--codex"))
    if "--codex" in switches:
        _use_codex_login(assistant, name, switches)
        return
    name = name or _configured(assistant)
    services = assistant.services
    variable = services.key_variable(name)
    # Where it will go is said before anything is typed.
    where = services.with_key(name, "-").base_url
    key = _typed(assistant.shell, f"Key for {where} (it is not shown): ", variable)
    service = services.with_key(name, key)
    services.logins.keep(name, service)
    print(_checked(assistant, name, service))
    if "--keep" in switches:
        save_key(variable, key)
        print(f"It is in the keyring of the system, as {variable}: %codex logout forgets it.")
    else:
        print("It is kept for this kernel only: %codex logout forgets it, --keep keeps it.")
    if name and assistant.config.backend != name:
        assistant.config.backend = name
        print(f"{name} answers from now on: %codex backend auto goes back.")


def logout(assistant: Assistant, rest: str) -> None:
    """logout [--backend NAME]: forget the key that was typed in, here and in the keyring"""
    name, _ = _named(rest, "logout", ())
    name = name or _configured(assistant)
    variable = assistant.services.key_variable(name)
    places = [
        place
        for place, gone in (
            ("this kernel", assistant.services.logins.forget(name)),
            ("the keyring", forget_key(variable)),
        )
        if gone
    ]
    print(f"Forgotten: in {' and '.join(places)}." if places else "There was no login to forget.")
    _, source = assistant.services.describe()
    if source == variable:
        print(f"The key in {variable} is the environment's, and stays.")


COMMANDS: dict[str, Callable[[Assistant, str], None]] = {"login": login, "logout": logout}


def _named(rest: str, command: str, known: tuple[str, ...]) -> tuple[str, set[str]]:
    """Return the service that a line names, and its switches; a key in it is refused."""
    found, name = words(rest), ""
    if "--backend" in found:
        place = found.index("--backend")
        if place + 1 == len(found):
            raise ConfigError("--backend needs a value: the name of a service.")
        name = found.pop(place + 1)
        found.pop(place)
    if set(found) - set(known):
        # Not shown again: it may be a key.
        raise ConfigError(
            f"%codex {command} takes {', '.join(('--backend NAME', *known))} and nothing else. "
            "Write no key into a cell: it would be saved with the notebook."
        )
    return name, set(found)


def _configured(assistant: Assistant) -> str:
    """Return the service that a login is for where none is named; empty for an address, or OpenAI."""
    config = assistant.config
    return "" if config.base_url else config.backend


def _use_codex_login(assistant: Assistant, name: str, switches: set[str]) -> None:
    if name or "--keep" in switches:
        raise ConfigError("%codex login --codex stands alone: the Codex CLI keeps that login.")
    if read_tokens(login_path()) is None:
        raise ConfigError("The Codex CLI has no login: run `codex login` in a terminal first.")
    assistant.config.backend, assistant.config.base_url = CHATGPT.name, ""
    print("The Codex CLI's login is used in this kernel: %codex backend auto goes back.")


def _typed(shell: Any, question: str, variable: str) -> str:
    """Return the key that the user types; it is not shown, and not kept by the front end."""
    from IPython.core.error import StdinNotImplementedError  # Not for a plain terminal.

    if reader(shell) is None:
        raise ConfigError(_NOBODY.format(variable=variable))
    kernel = getattr(shell, "kernel", None)
    # In a terminal, one that cannot hide what is typed warns and shows it: not with us.
    ask = kernel.getpass if kernel is not None else _hidden
    try:
        key = str(ask(question)).strip()
    except (StdinNotImplementedError, EOFError, getpass.GetPassWarning):
        raise ConfigError(_NOBODY.format(variable=variable)) from None
    if not key or any(not ("!" <= character <= "~") for character in key):
        raise ConfigError("That is no key: nothing was kept. A key is one word of plain letters.")
    return key


def _hidden(question: str) -> str:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        return getpass.getpass(question, stream=sys.stderr)


def _checked(assistant: Assistant, name: str, service: Service) -> str:
    """Ask the service for its models, and return what that says of the key."""
    try:
        _, found = assistant.models(name or None)
    except AuthError as error:
        assistant.services.logins.forget(name)
        said = printable(error.message)
        raise ConfigError(
            f"{service.base_url} refuses this key: {said} Nothing was kept."
        ) from None
    except APIError as error:
        return f"The key could not be checked ({printable(error.message)})."
    return f"{service.backend.title} takes this key: {plural(len(found), 'model')}."
