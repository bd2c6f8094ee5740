"""Which service answers, with which key; and that a key goes nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from codex_magic import local
from codex_magic.api.auth import Service
from codex_magic.api.backends import BACKENDS
from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.config import DEFAULT_MODEL, Codex
from codex_magic.display.screen import QuietScreen
from codex_magic.errors import CodexError, ConfigError
from codex_magic.services import NO_SERVICE, Services
from tests.fake_service import FakeService, error

OPENAI_URL = "https://api.openai.com/v1"
KEY = {"OPENAI_API_KEY": "sk-mine"}
AZURE = {"AZURE_OPENAI_API_KEY": "az-mine", "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com/"}
AZURE_URL = "https://x.openai.azure.com/openai/v1"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any key."""
    for name in (*KEY, *AZURE, "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def put(environ: pytest.MonkeyPatch, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        environ.setenv(name, value)


def chosen(settings: Mapping[str, object], backend: str | None = None) -> Service:
    """The service that answers, without the embedded model."""
    return Services(Codex(local=False, **settings)).choose(backend=backend).service


def key_of(service: Service) -> object:
    headers = service.auth_headers()
    return headers.get("Authorization", headers.get("api-key"))


@pytest.mark.parametrize(
    ("values", "kind", "url", "key"),
    [
        (KEY, "openai", OPENAI_URL, "Bearer sk-mine"),
        ({**KEY, "OPENAI_BASE_URL": ""}, "openai", OPENAI_URL, "Bearer sk-mine"),
        ({**KEY, "OPENAI_BASE_URL": "  "}, "openai", OPENAI_URL, "Bearer sk-mine"),
        ({"OPENAI_API_KEY": " sk-mine\n"}, "openai", OPENAI_URL, "Bearer sk-mine"),
        ({**KEY, "OPENAI_BASE_URL": "http://h/v1/"}, "unknown", "http://h/v1", "Bearer sk-mine"),
        ({"OPENAI_BASE_URL": "http://h/v1"}, "unknown", "http://h/v1", None),
        ({"OPENAI_API_KEY": " ", "OPENAI_BASE_URL": "http://h/v1"}, "unknown", "http://h/v1", None),
        (AZURE, "azure", AZURE_URL, "az-mine"),
        ({**KEY, **AZURE}, "openai", OPENAI_URL, "Bearer sk-mine"),
    ],
)
def test_the_environment(
    environ: pytest.MonkeyPatch, values: dict[str, str], kind: str, url: str, key: str | None
) -> None:
    """A key for OpenAI goes first, then Azure's, then an address that wants no key."""
    put(environ, values)
    service = chosen({})

    assert (kind, url, key) == (service.backend.name, service.base_url, key_of(service))


@pytest.mark.parametrize(
    ("values", "settings", "backend", "url", "key"),
    [
        # A configured address gets a key only if the key was meant for it.
        (KEY, {"base_url": "http://h/v1"}, None, "http://h/v1", None),
        (KEY, {"base_url": f" {OPENAI_URL}/"}, None, OPENAI_URL, "Bearer sk-mine"),
        (AZURE, {"base_url": AZURE_URL}, None, AZURE_URL, "az-mine"),
        (
            {**KEY, "OPENAI_BASE_URL": "http://h/v1"},
            {"base_url": "http://h/v1"},
            None,
            "http://h/v1",
            "Bearer sk-mine",
        ),
        (
            {**KEY, "OPENAI_BASE_URL": "http://h/v1"},
            {"base_url": OPENAI_URL},
            None,
            OPENAI_URL,
            None,
        ),
        (KEY, {"backend": "llama.cpp"}, None, "http://localhost:8080/v1", None),
        (KEY, {"backend": "llama.cpp", "base_url": "http://h/v1"}, None, "http://h/v1", None),
        # What the cell names goes before the settings.
        (KEY, {"base_url": "http://h/v1"}, "openai", OPENAI_URL, "Bearer sk-mine"),
        (KEY, {"backend": "llama.cpp"}, "openai", OPENAI_URL, "Bearer sk-mine"),
        ({**KEY, **AZURE}, {}, "azure", AZURE_URL, "az-mine"),
        ({**KEY, **AZURE}, {}, "openai", OPENAI_URL, "Bearer sk-mine"),
        ({**KEY, **AZURE}, {"backend": "azure"}, None, AZURE_URL, "az-mine"),
    ],
)
def test_what_is_named_goes_first(
    environ: pytest.MonkeyPatch,
    values: dict[str, str],
    settings: dict[str, str],
    backend: str | None,
    url: str,
    key: str | None,
) -> None:
    """The cell, then the settings, then the environment; a key stays with its address."""
    put(environ, values)
    service = chosen(settings, backend)

    assert (url, key) == (service.base_url, key_of(service))


@pytest.mark.parametrize(
    ("values", "settings", "backend", "said"),
    [
        ({}, {}, None, NO_SERVICE),
        ({}, {}, "openai", "or set OPENAI_API_KEY"),
        ({**KEY, "OPENAI_BASE_URL": "http://h/v1"}, {}, "openai", "without OPENAI_BASE_URL"),
        (AZURE, {}, "openai", "There is no key for OpenAI"),
        (KEY, {}, "azure", "Azure OpenAI needs an address"),
        ({"AZURE_OPENAI_API_KEY": "az-mine"}, {}, None, NO_SERVICE),
        (KEY, {}, "opnai", "'opnai' is no service. Did you mean openai?"),
        (KEY, {"backend": "opnai"}, None, "'opnai' is no service."),
        (KEY, {"base_url": "localhost:8080"}, None, "Write https://host/v1."),
        ({**KEY, "OPENAI_BASE_URL": "h/v1"}, {}, None, "'h/v1' is no address"),
        ({}, {"model": "gpt-5.4", "local": False}, None, NO_SERVICE),
    ],
)
def test_no_service_is_an_error_with_a_next_step(
    environ: pytest.MonkeyPatch,
    values: dict[str, str],
    settings: dict[str, object],
    backend: str | None,
    said: str,
) -> None:
    """It says what to do, and shows no key."""
    put(environ, values)

    with pytest.raises(ConfigError) as caught:
        Services(Codex(**{"local": False, **settings})).choose(backend=backend)

    assert said in str(caught.value)
    assert "mine" not in str(caught.value)


def test_which_model(environ: pytest.MonkeyPatch) -> None:
    """The cell's, then the setting's; only the default may be replaced."""
    put(environ, KEY)
    default = Services(Codex()).choose()
    same = Services(Codex()).choose(model=DEFAULT_MODEL)
    configured = Services(Codex(model="gpt-5.4")).choose()
    named = Services(Codex(model="gpt-5.4")).choose(model="gpt-5.6-terra")

    assert (DEFAULT_MODEL, False) == (default.model, default.named)
    assert (DEFAULT_MODEL, True) == (same.model, same.named)
    assert ("gpt-5.4", True) == (configured.model, configured.named)
    assert ("gpt-5.6-terra", True) == (named.model, named.named)


@pytest.mark.parametrize(
    ("values", "settings", "service", "source", "model"),
    [
        (KEY, {}, f"OpenAI, {OPENAI_URL}", "OPENAI_API_KEY", DEFAULT_MODEL),
        (KEY, {"model": "gpt-5.4"}, f"OpenAI, {OPENAI_URL}", "OPENAI_API_KEY", "gpt-5.4"),
        (AZURE, {}, f"Azure OpenAI, {AZURE_URL}", "AZURE_OPENAI_API_KEY", DEFAULT_MODEL),
        ({}, {"local": False}, "none", NO_SERVICE, DEFAULT_MODEL),
        ({}, {"backend": "azure"}, "none", "Azure OpenAI needs an address", DEFAULT_MODEL),
        (
            {"OPENAI_BASE_URL": "http://h/v1"},
            {},
            "an unknown service, http://h/v1",
            "no key, OPENAI_BASE_URL",
            DEFAULT_MODEL,
        ),
    ],
)
def test_the_status_names_the_source_of_a_key(
    environ: pytest.MonkeyPatch,
    values: dict[str, str],
    settings: dict[str, object],
    service: str,
    source: str,
    model: str,
) -> None:
    """And never the key."""
    put(environ, values)
    services = Services(Codex(**settings))
    found = services.describe()

    assert service == found[0]
    assert found[1].startswith(source)
    assert model == services.model()
    assert "mine" not in str(found)


def test_the_embedded_model_is_the_last_resort(environ: pytest.MonkeyPatch) -> None:
    """Without a key it answers, unless a model was named that it is not; the status says so."""
    services = Services(Codex())

    assert ("the embedded model", "no key needed") == services.describe()
    assert local.MODEL_NAME == services.model()
    with pytest.raises(ConfigError, match=r"There is no key for a service that has gpt-5\.4"):
        services.choose(model="gpt-5.4")
    put(environ, KEY)
    assert f"OpenAI, {OPENAI_URL}" == services.describe()[0]


@pytest.mark.local_model
@pytest.mark.parametrize("backend", [None, "local"])
def test_the_embedded_model_is_started(environ: pytest.MonkeyPatch, backend: str | None) -> None:
    """It has an address on this machine, a key of its own, and says what it is."""
    if backend:
        put(environ, KEY)
    found = Services(Codex()).choose(backend=backend)
    again = Services(Codex()).choose(backend=backend)

    assert found.service.base_url.startswith("http://127.0.0.1:")
    assert (local.MODEL_NAME, True) == (found.model, found.named)
    assert "it is no coding assistant" in " ".join(found.notice.split())
    assert "mine" not in str(key_of(found.service))
    assert found.service == again.service


@pytest.mark.parametrize("where", ["setting", "environment"])
@pytest.mark.parametrize("values", [KEY, AZURE, {**KEY, **AZURE}])
def test_a_key_is_sent_to_nobody_else(
    environ: pytest.MonkeyPatch, values: dict[str, str], where: str
) -> None:
    """Whoever answers at a configured address sees no key that was meant for another."""
    put(environ, values)
    with FakeService(api_key=None) as service:
        settings = {"base_url": service.base_url} if where == "setting" else {}
        if where == "environment":
            environ.delenv("OPENAI_API_KEY", raising=False)
            environ.delenv("AZURE_OPENAI_API_KEY", raising=False)
            environ.setenv("OPENAI_BASE_URL", service.base_url)
        assistant = Assistant(Codex(**settings))
        assistant.ask("Hello", Options(), QuietScreen())
        assistant.close()
        headers = [request.headers for request in service.requests]

    assert headers
    assert not [name for sent in headers for name in sent if name in ("authorization", "api-key")]
    assert "mine" not in str(headers)


def test_a_key_follows_no_redirect(environ: pytest.MonkeyPatch) -> None:
    """A service that sends us elsewhere gets an error, and the other place gets nothing."""
    with FakeService() as service, FakeService(api_key=None) as other:
        moved = error(307, None, "Moved.", headers={"location": f"{other.base_url}/responses"})
        service.enqueue(moved)
        put(environ, {"OPENAI_API_KEY": str(service.api_key), "OPENAI_BASE_URL": service.base_url})
        assistant = Assistant(Codex(max_retries=0))
        with pytest.raises(CodexError):
            assistant.ask("Hello", Options(), QuietScreen())
        assistant.close()
        reached = other.requests

    assert [] == reached


def test_a_wrong_key_is_not_shown(environ: pytest.MonkeyPatch) -> None:
    """Services quote it in their error; we do not."""
    with FakeService() as service:
        put(environ, {"OPENAI_API_KEY": "sk-wrong-secret-0123456789"})
        environ.setenv("OPENAI_BASE_URL", service.base_url)
        assistant = Assistant(Codex())
        with pytest.raises(CodexError) as caught:
            assistant.ask("Hello", Options(), QuietScreen())
        assistant.close()

    assert "Incorrect API key provided" in str(caught.value)
    assert "secret" not in f"{caught.value!r} {caught.value} {assistant.conversation.turns}"
    assert "0123" not in f"{caught.value!r} {caught.value} {assistant.conversation.turns}"


@pytest.mark.parametrize(
    ("backend", "model", "address"),
    [
        ("openai", None, "https://api.openai.com/v1"),
        ("openrouter", "a/b", "https://openrouter.ai/api/v1"),
        (None, "gpt-5.4", "https://api.openai.com/v1"),
        (None, None, "https://api.openai.com/v1"),
    ],
)
def test_a_dry_run_needs_no_key(
    environ: pytest.MonkeyPatch, backend: str | None, model: str | None, address: str
) -> None:
    """It shows what would go to the service that is named, or to OpenAI, and says what is missing."""
    assistant = Assistant(Codex(local=False))
    preview = assistant.preview("Why?", Options(backend=backend, model=model))

    assert f"{address}/responses" == preview.address
    assert "Why?" == preview.body["input"][0]["content"]
    assert "%codex login" in preview.choice.notice


def test_a_dry_run_with_a_key_misses_nothing(environ: pytest.MonkeyPatch) -> None:
    """Nothing is said of keys, and what only a question may do still takes one."""
    put(environ, KEY)
    with_key = Assistant(Codex(local=False)).preview("Why?", Options())
    environ.delenv("OPENAI_API_KEY")

    assert "" == with_key.choice.notice
    with pytest.raises(ConfigError, match="login"):
        Services(Codex(local=False)).choose(start=False)


def test_a_look_starts_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--dry-run`` without a key names the embedded model and neither fetches nor starts it."""
    monkeypatch.setenv("CODEX_MAGIC_LOCAL_MODEL", "/no/such/file.gguf")

    choice = Services(Codex(backend="local")).choose(start=False)

    assert "local" == choice.service.backend.name
    assert choice.service.key is None


@pytest.mark.parametrize("kind", ["ollama", "lmstudio", "llama.cpp", "vllm"])
def test_a_local_service_at_any_port_is_known(environ: pytest.MonkeyPatch, kind: str) -> None:
    """It is asked once what it is, by the first question; the status tells it from then on."""
    with FakeService(kind, api_key=None) as service:
        assistant = Assistant(Codex(base_url=service.base_url, model="m"))
        before = assistant.services.describe()[0]
        assistant.preview("Hello", Options())
        looked = len(service.probes)
        replies = [assistant.ask("Hello", Options(), QuietScreen()) for _ in range(2)]
        assistant.close()
        after = assistant.services.describe()[0]
        fields = service.requests[0].body or {}
        asked = [probe.path for probe in service.probes]

    assert 0 == looked
    assert f"an unknown service, {service.base_url}" == before
    assert f"{BACKENDS[kind].title}, {service.base_url}" == after
    assert len(set(asked)) == len(asked)
    assert all(reply.text for reply in replies)
    assert not {*fields} & {name for name in BACKENDS[kind].omits if "." not in name}


def test_a_named_service_is_not_asked_what_it_is(environ: pytest.MonkeyPatch) -> None:
    """Naming its kind saves the look; so does naming the one that nobody describes."""
    with FakeService("vllm") as service:
        at = {"base_url": service.base_url}
        found = [chosen({**at, "backend": name}) for name in ("ollama", "unknown")]
        environ.setenv("OPENAI_BASE_URL", service.base_url)
        found += [chosen({"backend": "unknown"}), chosen({}, "unknown")]

    assert ["ollama", "unknown", "unknown", "unknown"] == [each.backend.name for each in found]
    assert {service.base_url} == {each.base_url for each in found}
    assert [] == service.probes


def test_no_answer_delays_no_question(environ: pytest.MonkeyPatch) -> None:
    """An address where nobody is gives the error that it gave, and is asked again later."""
    with FakeService("vllm") as service:
        address = service.base_url
    services = Services(Codex(base_url=address))

    assert "unknown" == services.choose().service.backend.name
    with FakeService("vllm", api_key=None, port=int(address.split(":")[2].split("/")[0])):
        assert "vllm" == services.choose().service.backend.name
