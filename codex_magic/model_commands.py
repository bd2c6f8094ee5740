"""The ``%codex`` commands about who answers: models and services."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

from .api.backends import BACKENDS, CHATGPT, LOCAL, UNKNOWN, Backend
from .api.models import Model
from .assistant import Assistant
from .attaching import sees
from .command_words import words
from .config import DEFAULT_MODEL
from .display.tables import show_table
from .errors import AuthError, ConfigError
from .following import advised
from .model_facts import efforts_of
from .own_backends import OwnBackend, add_backend, own_backends

_ANY = "auto"


def models(assistant: Assistant, rest: str) -> None:
    """models [TEXT]: the models that the service has now, with their last day"""
    try:
        choice, found = assistant.models()
    except AuthError as error:
        raise advised(error) from None
    wanted = [model for model in found if rest.lower() in model.slug.lower()]
    current, backend = choice.model, choice.service.backend
    rows = [_row(model, current, backend) for model in sorted(wanted, key=lambda m: m.slug)]
    if not rows:
        print(f"{backend.title} has no model {rest!r}." if rest else f"{backend.title} lists none.")
        return
    head = ("", "model", "effort", "images", "window", "last day")
    show_table(assistant.shell, rows, head=head, title=f"{backend.title}: {len(rows)} models")
    if current not in {model.slug for model in found}:
        what = "The default model" if current == DEFAULT_MODEL else "The model"
        print(f"{what} {current!r} is not among them.")


def backend(assistant: Assistant, rest: str) -> None:
    """backend [NAME, or add NAME URL --key-env VAR]: the services; use one, or add your own"""
    named = words(rest)
    if named[:1] == ["add"]:
        _add(named[1:])
    elif len(named) > 1:
        raise ConfigError("%codex backend takes one name, or: add NAME URL --key-env VAR.")
    elif named:
        _use(assistant, named[0])
    else:
        _list(assistant)


COMMANDS: dict[str, Callable[[Assistant, str], None]] = {"models": models, "backend": backend}


def _row(model: Model, current: str, backend: Backend) -> tuple[str, ...]:
    mark = "*" if model.slug == current else ""
    levels = model.reasoning_levels or (efforts_of(model.slug) if _is_openai(backend) else ())
    if model.input_modalities:
        images = "yes" if "image" in model.input_modalities else "no"
    elif _is_openai(backend) or backend.vision is not None:
        images = "yes" if sees(model.slug, backend) else "no"
    else:
        images = ""
    window = f"{model.context_window:,}" if model.context_window else ""
    slug = f"{model.slug} (default)" if model.slug == DEFAULT_MODEL else model.slug
    return mark, slug, " ".join(levels), images, window, _last_day(model)


def _last_day(model: Model) -> str:
    if not model.shutdown_date:
        return ""
    return model.shutdown_date if model.is_live(date.today()) else f"{model.shutdown_date}: gone"


def _is_openai(backend: Backend) -> bool:
    return backend.name in ("openai", "azure")


def _add(named: list[str]) -> None:
    key_env = ""
    if "--key-env" in named:
        place = named.index("--key-env")
        if place + 1 == len(named):
            raise ConfigError("--key-env needs a value: the name of an environment variable.")
        key_env = named.pop(place + 1)
        named.pop(place)
    if len(named) != 2:
        raise ConfigError("%codex backend add NAME URL [--key-env VAR]: a name and an address.")
    path = add_backend(named[0], named[1], key_env)
    print(f"Kept in {path}: %codex backend {named[0]} uses it, as does --backend {named[0]}.")


def _use(assistant: Assistant, name: str) -> None:
    config = assistant.config
    assistant.services.check_name("" if name == _ANY else name)
    if config.base_url:
        config.base_url = ""
        print("The setting base_url is empty now: it named another address.")
    config.backend = "" if name == _ANY else name
    service, source = assistant.services.describe()
    print(f"{service} · {source} · {assistant.services.model()}")


def _list(assistant: Assistant) -> None:
    config = assistant.config
    rows = [
        (_mark(config.backend == each.name), each.name, each.title, each.base_url or "", _key(each))
        for each in BACKENDS.values()
        if each is not UNKNOWN
    ]
    for own in own_backends().values():
        rows.append((_mark(config.backend == own.name), own.name, "yours", own.url, _own_key(own)))
    service, source = assistant.services.describe()
    show_table(
        assistant.shell,
        rows,
        head=("", "service", "", "address", "key"),
        title=f"Now: {service} · {source}",
    )


def _mark(current: bool) -> str:
    return "*" if current else ""


def _key(backend: Backend) -> str:
    if backend is LOCAL:
        return "none needed"
    if backend is CHATGPT:
        return "a login of the Codex CLI"
    variable = backend.key_variable
    if variable is None:
        return "none needed"
    return f"{variable}{'' if os.environ.get(variable) else ', not set'}"


def _own_key(own: OwnBackend) -> str:
    if not own.key_env:
        return "none"
    return f"{own.key_env}{'' if os.environ.get(own.key_env) else ', not set'}"
