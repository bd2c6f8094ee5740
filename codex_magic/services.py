"""Which service answers: what the cell or a setting names, the environment, the embedded model."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from . import local
from .api.auth import Service, environment_service, named_backend, named_service, service_at
from .api.backends import BACKENDS, CHATGPT, LOCAL, OPENAI, Backend
from .api.choosing import chatgpt_service
from .api.keys import env_file_beside, keyring_key
from .api.probing import Probes, is_open
from .api.transport import Transport
from .config import DEFAULT_MODEL, Codex
from .errors import ConfigError
from .logins import Logins
from .own_backends import OwnBackend, own_backends
from .policy import CodexPolicy
from .records import dataclass

NO_SERVICE = (
    "There is no key and no embedded model. Type a key with %codex login, or set OPENAI_API_KEY "
    "before the kernel starts, or %codex config base_url=https://host/v1 for a service without a "
    "key, or "
    '%pip install "codex-magic[local]" for a small model that needs none.'
)

_TYPED = "typed in with %codex login"
_NO_KEY_YET = "no key for it yet: %codex login takes one"

# The embedded model while it is only looked at: its address is known when it runs.
_SLEEPING = Service(LOCAL, "http://127.0.0.1/v1", source="the kernel itself")


@dataclass(frozen=True, slots=True)
class Choice:
    """
    Who answers a question.

    Attributes:
        service: Where it goes.
        model: What is asked there.
        named: Whether the user named that model; then no other takes its place.
        notice: What the user should be told of the choice once; empty for nothing.
        tools: Whether it takes tools.
    """

    service: Service
    model: str
    named: bool
    notice: str = ""
    tools: bool = True


class Services:
    """
    Finds the service for a question.

    Args:
        config: The settings.
        policy: What the administrator allows; all of it where that is left out.
        probe: Asks an address what is there, on connections that are there already; without it,
            each address is asked on one of its own.
    """

    def __init__(
        self,
        config: Codex,
        policy: CodexPolicy | None = None,
        probe: Callable[[Probes, Service], Service] | None = None,
    ) -> None:
        self._config = config
        self.policy = policy or CodexPolicy()
        self._probes = Probes()
        self._probe = probe or _probed
        self.logins = Logins()

    def choose(
        self,
        *,
        backend: str | None = None,
        model: str | None = None,
        progress: Callable[[str], None] = lambda line: None,
        start: bool = True,
        keyless: bool = False,
    ) -> Choice:
        """
        Return who answers; the embedded model is fetched and started where it has to be.

        A service that nobody said the kind of is asked what it is, once.

        Args:
            backend: The service that the question names.
            model: The model that the question names.
            progress: Is told what takes time, in one line.
            start: Whether the embedded model is started, and an unknown service asked what it
                is; otherwise this is only a look.
            keyless: Whether a service without the key that it wants will do, for such a look;
                where there is nobody at all, it is OpenAI.

        Raises:
            ConfigError: There is no service, or it has no key; the message says what to do.
        """
        service = self._would_be(backend, model) if keyless else self._find(backend)
        self._check(service, backend)
        if service is None or service.backend is LOCAL:
            return self._embedded(model, fallback=service is None, progress=progress, start=start)
        if start:
            service = self._asked(service)
        named = model is not None or self._config.model != DEFAULT_MODEL
        asked = model or self._config.model
        asked = asked if named else self.policy.instead(asked)
        self.policy.check_model(asked)
        notice = f"There is {_NO_KEY_YET}." if service.source == _NO_KEY_YET else ""
        return Choice(service, asked, named=named or asked != DEFAULT_MODEL, notice=notice)

    def _would_be(self, backend: str | None, model: str | None) -> Service | None:
        """Return who would answer if its key were there; None leaves the embedded model."""
        found = self._find(backend, keyless=True)
        asked = model or self._config.model
        embedded = self._has_local() and asked in (DEFAULT_MODEL, local.MODEL_NAME)
        if found is not None or embedded:
            return found
        return _without_key(OPENAI)

    def _check(self, service: Service | None, backend: str | None) -> None:
        """See to it that the administrator allows a service; the embedded one where it is None."""
        if service is None and not self._has_local():
            # There is nobody at all, which is said elsewhere.
            return
        if service is None or service.backend is LOCAL:
            self.policy.check_service("local", "")
            return
        name = backend or self._config.backend
        own = name and name in own_backends()
        self.policy.check_service(str(name) if own else service.backend.name, service.base_url)

    def check_name(self, name: str) -> None:
        """
        See to it that a service can be used by its name; empty finds one.

        Raises:
            ConfigError: There is none of that name, or it has no key.
        """
        if name and name not in own_backends():
            _kind(name)
        self._check(self._find(name or None), name or None)

    def key_variable(self, name: str) -> str:
        """
        Return the environment variable that the key of a service is in.

        Args:
            name: The service; empty for the one at the configured address.

        Raises:
            ConfigError: There is no such service, or it wants no key.
        """
        if not name:
            return "OPENAI_API_KEY"
        own = own_backends().get(name)
        variable = own.key_env if own else _kind(name).key_variable
        if not variable:
            raise ConfigError(f"{name} wants no key: %codex backend {name} uses it.")
        return variable

    def with_key(self, name: str, key: str) -> Service:
        """
        Return a service that is allowed, with a key that was typed in for it.

        Args:
            name: The service; empty for the address that a setting or OPENAI_BASE_URL names, or
                OpenAI's.
            key: The key.

        Raises:
            ConfigError: There is no such service, or it has no address.
        """
        found = self._keyed(name, key)
        own = name in own_backends()
        self.policy.check_service(name if own else found.backend.name, found.base_url)
        return replace(found, source=_TYPED)

    def _keyed(self, name: str, key: str) -> Service:
        variables = {**(self._environ() or os.environ)}
        if not name and self._config.base_url:
            return service_at(self._config.base_url, key=key)
        if not name:
            found = environment_service({**variables, "OPENAI_API_KEY": key})
            assert found is not None  # It has a key.
            return found
        own = own_backends().get(name)
        if own is not None:
            return service_at(own.url, key=key)
        kind = _kind(name)
        variables[self.key_variable(name)] = key
        named = _in_environment(kind, variables) or named_service(kind, variables)
        if named is None and kind.base_url is None:
            raise ConfigError(f"{kind.title} needs an address: %codex config base_url=https://….")
        found = named or Service(kind, str(kind.base_url), key, settled=True)
        return found

    def describe(self) -> tuple[str, str]:
        """Return the service and where its key comes from, in words; nothing is started."""
        try:
            service = self._find(None)
        except ConfigError as error:
            return "none", str(error)
        if service is None and not self._has_local():
            return "none", NO_SERVICE
        try:
            self._check(service, None)
        except ConfigError as error:
            return "none", str(error)
        if service is None or service.backend is LOCAL:
            return LOCAL.title, "no key needed"
        return f"{service.backend.title}, {service.base_url}", service.source

    def model(self) -> str:
        """Return the model that answers where no cell names one."""
        try:
            service = self._find(None)
        except ConfigError:
            return self._config.model
        embedded = service is None or service.backend is LOCAL
        return local.MODEL_NAME if embedded and self._has_local() else self._config.model

    def _asked(self, service: Service) -> Service:
        """Return a service with its kind, where it tells."""
        return self._probe(self._probes, service) if is_open(service) else service

    def _find(self, backend: str | None, *, keyless: bool = False) -> Service | None:
        """Return the service that something names; None leaves the embedded model."""
        name = backend or self._config.backend
        typed = self.logins.find(name, "" if backend else self._config.base_url)
        if typed is not None:
            return self._probes.settled(typed)
        environ = self._environ()
        found: Service | None
        own = own_backends().get(name) if name else None
        if own is not None:
            found = _own(own, os.environ if environ is None else environ, keyless=keyless)
        elif backend is None and self._config.base_url:
            found = self._at(self._config.base_url, name or None, environ)
        elif name:
            found = self._by_name(_kind(name), environ, keyless=keyless)
        else:
            found = _anywhere(environ)
        return found and self._probes.settled(self._with_file(found))

    def _environ(self) -> Mapping[str, str] | None:
        """Return the variables with those of a file beside them; None is the environment alone."""
        return env_file_beside(self._config.env_file) if self._config.env_file else None

    def _with_file(self, service: Service) -> Service:
        """Return a service whose key, if it comes from the file, says so."""
        variable = service.source
        here = os.environ.get(variable, "").strip()
        if self._config.env_file and variable.isupper() and not here:
            return replace(service, source=f"{variable} in {self._config.env_file}")
        return service

    def _by_name(
        self, kind: Backend, environ: Mapping[str, str] | None, *, keyless: bool
    ) -> Service:
        if kind is LOCAL:
            return Service(LOCAL, "http://127.0.0.1")
        if kind is CHATGPT:
            # Naming it is the consent to use the login that the Codex CLI keeps.
            return chatgpt_service()
        variables = os.environ if environ is None else environ
        found = _in_environment(kind, variables) or named_service(kind, environ)
        if found is None and environ is not None:
            # A key may be where no variable is: in the keyring.
            found = named_service(kind)
        if found:
            return found
        if kind.base_url is None:
            raise ConfigError(f"{kind.title} needs an address: %codex config base_url=https://….")
        if keyless and kind.key_required:
            return _without_key(kind)
        raise ConfigError(_no_key(kind))

    def _at(self, base_url: str, backend: str | None, environ: Mapping[str, str] | None) -> Service:
        """Return the service at a configured address; a key only goes where it was meant for."""
        found = _anywhere(environ)
        if found and found.base_url == base_url.strip().rstrip("/"):
            kind = named_backend(backend) if backend else found.backend
            return replace(found, backend=kind, settled=backend is not None)
        at = service_at(base_url, backend=backend)
        # A host that is one service's own gets that service's key, from that service's variable.
        known = named_service(at.backend, environ) if at.backend.hosts else None
        if known and known.base_url == at.base_url:
            return known
        return at

    def _has_local(self) -> bool:
        return self._config.local and local.installed()

    def _embedded(
        self, model: str | None, *, fallback: bool, progress: Callable[[str], None], start: bool
    ) -> Choice:
        if fallback and not self._has_local():
            raise ConfigError(NO_SERVICE)
        named = model or (self._config.model if self._config.model != DEFAULT_MODEL else None)
        if fallback and named and named != local.MODEL_NAME:
            raise ConfigError(
                f"There is no key for a service that has {named}. Set OPENAI_API_KEY before the "
                "kernel starts; the embedded model answers where no model is named."
            )
        if not start:
            return Choice(_SLEEPING, named or local.MODEL_NAME, named=True)
        server = local.start(
            None if named == local.MODEL_NAME else named, progress=_in_words(progress)
        )
        service = Service(LOCAL, server.base_url, server.api_key, "the kernel itself")
        said = _introduction(server.model)
        return Choice(service, server.model, named=True, notice=said, tools=server.tools)


def _probed(probes: Probes, service: Service) -> Service:
    transport = Transport()
    try:
        return probes.probe(service, transport)
    finally:
        transport.close()


def _kind(name: str) -> Backend:
    """Return a kind of service by its name; the error of a slip says what was meant."""
    try:
        return named_backend(name)
    except ConfigError as error:
        names = [*BACKENDS, *own_backends()]
        near = difflib.get_close_matches(name, names, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(names))}."
        raise ConfigError(f"{name!r} is no service. {hint}") from error


def _own(own: OwnBackend, variables: Mapping[str, str], *, keyless: bool) -> Service:
    """Return a service that the user added; its key goes there alone."""
    if not own.key_env:
        return service_at(own.url)
    if key := variables.get(own.key_env, "").strip():
        return service_at(own.url, key=key, source=own.key_env)
    if saved := keyring_key(own.key_env):
        return service_at(own.url, key=saved, source=f"{own.key_env} in the keyring")
    if keyless:
        return replace(service_at(own.url), source=_NO_KEY_YET)
    raise ConfigError(
        f"There is no key for {own.name}. Set {own.key_env}, or %codex login --backend {own.name}."
    )


def _without_key(kind: Backend) -> Service:
    """Return a service that can only be looked at."""
    return Service(kind, str(kind.base_url), source=_NO_KEY_YET, settled=True)


def _introduction(model: str) -> str:
    return (
        f"The embedded model {model} answers: it shows that everything works, but it is no "
        "coding assistant. Set OPENAI_API_KEY for one."
    )


def _no_key(kind: Backend) -> str:
    if kind is OPENAI:
        return (
            "There is no key for OpenAI. Type one with %codex login --backend openai, or set "
            "OPENAI_API_KEY, without OPENAI_BASE_URL."
        )
    if kind.key_variable is None:
        return f"{kind.title} needs a login, and there is none."
    return (
        f"There is no key for {kind.title}. Set {kind.key_variable}, or %codex login --backend "
        f"{kind.name}."
    )


def _anywhere(environ: Mapping[str, str] | None) -> Service | None:
    """Return the service that variables name, or a key that is where no variable is."""
    found = environment_service(environ)
    return environment_service() if found is None and environ is not None else found


def _in_environment(kind: Backend, variables: Mapping[str, str]) -> Service | None:
    """Return the service of a kind that variables name, beside others or alone."""
    others = {name: value for name, value in variables.items() if not name.startswith("OPENAI_")}
    for environ in (variables, others):
        found = environment_service(environ)
        if found and found.backend is kind:
            return replace(found, settled=True)
    return None


def _in_words(progress: Callable[[str], None]) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        progress(f"fetching the embedded model, {done / 1e6:.0f} of {total / 1e6:.0f} MB")

    return tell
