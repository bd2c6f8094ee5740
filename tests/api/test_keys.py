"""Keys from a file, from Colab and from a keyring; and each service has its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_magic import ConfigError
from codex_magic.api.auth import environment_service, named_service, service_at
from codex_magic.api.backends import AZURE, BACKENDS, CHATGPT, OPENAI
from codex_magic.api.keys import forget_key, keyring_key, load_env_file, parse_env, save_key

COLAB = """
KEYS = {"OPENAI_API_KEY": " sk-colab "}
def get(name):
    if name not in KEYS:
        raise LookupError(f"no {name}")
    return KEYS[name]
"""
KEYRING = """
KEYS = {}
def get_password(service, name): return KEYS.get((service, name))
def set_password(service, name, key):
    if key == "refuse": raise RuntimeError(key)
    KEYS[service, name] = key
def delete_password(service, name): del KEYS[service, name]
"""


MODULES = ("google", "google.colab", "google.colab.userdata", "keyring")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment without any key, or module that has one, before and after."""
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_"))]:
        monkeypatch.delenv(name)
    known = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    yield
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.modules.update(known)


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, module: str, source: str) -> None:
    """Put a module, as another environment has it, where it can be imported."""
    path = folder.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1", {"A": "1"}),
        ("\ufeffexport A = sk-1 # mine\r\n# B=2\r\n\r\nC=", {"A": "sk-1", "C": ""}),
        ('A=\'x # y\' # z\nB="a\\nb \\"c\\""', {"A": "x # y", "B": 'a\nb "c"'}),
        ('A="one\ntwo"\nB=2', {"A": "one\ntwo", "B": "2"}),
        ("A=sk-1#2\nA=sk-3", {"A": "sk-3"}),
        ("A='open", {"A": "open"}),
        ("no line\n=x\n1A=2", {}),
        ("A=$HOME `id` $(id)", {"A": "$HOME `id` $(id)"}),
    ],
)
def test_a_file_of_variables(text: str, found: dict[str, str]) -> None:
    """Quotes, comments and long values; nothing is run or put in."""
    assert found == parse_env(text)


def test_a_file_is_read_on_request(tmp_path: Path) -> None:
    """What is set already stays, and only names are told."""
    path = tmp_path / ".env"
    path.write_text("A=1\nB=2")
    environ = {"A": "0", "B": " "}

    assert ("B",) == load_env_file(path, environ=environ)
    assert {"A": "0", "B": "2"} == environ
    assert ("A", "B") == load_env_file(path, environ=environ, override=True)


@pytest.mark.parametrize("content", [None, b"KEY=sk-secret\xff"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    """The error names it, and none of what is in it."""
    path = tmp_path / ".env"
    if content:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"\.env") as caught:
        load_env_file(path, environ={})

    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_colab_has_a_place_for_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It goes to OpenAI alone, after the environment; a refusal is no error."""
    install(monkeypatch, tmp_path, "google.colab.userdata", COLAB)
    found = environment_service()

    assert found
    assert (OPENAI, "sk-colab") == (found.backend, found.key)
    assert "OPENAI_API_KEY in Colab's secrets" == found.source
    assert "sk-colab" not in repr(found)
    assert None is environment_service({})
    assert None is named_service(BACKENDS["openrouter"])
    monkeypatch.setenv("OPENAI_BASE_URL", "http://h/v1")
    assert None is (environment_service() or found).key


def test_a_key_can_be_kept_in_a_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Saved, found and forgotten; what the keyring says of it is not shown."""
    install(monkeypatch, tmp_path, "keyring", KEYRING)
    save_key("OPENAI_API_KEY", " sk-kept\n")
    found = environment_service()

    assert found
    assert ("sk-kept", "OPENAI_API_KEY in the keyring") == (found.key, found.source)
    assert [True, False] == [forget_key("OPENAI_API_KEY") for _ in range(2)]
    assert None is environment_service()
    with pytest.raises(ConfigError) as caught:
        save_key("OPENAI_API_KEY", "refuse")
    assert "refuse\n" not in f"{caught.value}\n"
    assert None is caught.value.__cause__


def test_without_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found, and to save one names what to install."""
    # What Python itself has for a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert (None, False) == (keyring_key("OPENAI_API_KEY"), forget_key("OPENAI_API_KEY"))
    with pytest.raises(ConfigError, match=r"codex-magic\[keyring\]"):
        save_key("OPENAI_API_KEY", "sk-1")


@pytest.mark.parametrize(
    ("name", "variables", "address", "key"),
    [
        ("openrouter", {"OPENROUTER_API_KEY": "k"}, "https://openrouter.ai/api/v1", "k"),
        ("openrouter", {"OPENAI_API_KEY": "k"}, None, None),
        ("openai", {"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1", "k"),
        ("openai", {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1"}, None, None),
        ("azure", {"AZURE_OPENAI_API_KEY": "k"}, None, None),
        ("chatgpt", {"OPENAI_API_KEY": "k"}, None, None),
        ("ollama", {}, "http://localhost:11434/v1", None),
        ("ollama", {"OLLAMA_HOST": "0.0.0.0"}, "http://localhost:11434/v1", None),
        ("ollama", {"OLLAMA_HOST": "http://gpu:99/"}, "http://gpu:99/v1", None),
        ("ollama", {"OLLAMA_HOST": "gpu:bad"}, "http://localhost:11434/v1", None),
        ("vllm", {"OPENAI_API_KEY": "k"}, "http://localhost:8000/v1", None),
        ("vllm", {"VLLM_API_KEY": "k"}, "http://localhost:8000/v1", "k"),
        ("llama.cpp", {"LLAMA_API_KEY": "k"}, "http://localhost:8080/v1", "k"),
        ("unknown", {"OPENAI_API_KEY": "k"}, None, None),
    ],
)
def test_each_service_has_its_own_key(
    name: str, variables: dict[str, str], address: str | None, key: str | None
) -> None:
    """Another's is never sent to it."""
    found = named_service(BACKENDS[name], variables)

    assert (address, key) == ((found.base_url, found.key) if found else (None, None))


def test_azure_takes_a_token() -> None:
    """From a callable, from its variable, or because it looks like one; a key has its own header."""
    address = "https://r.openai.azure.com/openai/v1"
    bearer = {"Authorization": "Bearer eyJ0.e30.x"}
    variables = {"AZURE_OPENAI_AD_TOKEN": "token", "AZURE_OPENAI_ENDPOINT": address}
    named = environment_service(variables)

    assert bearer == service_at(address, key="eyJ0.e30.x").auth_headers()
    assert bearer == service_at(address, key=lambda: "eyJ0.e30.x").auth_headers()
    assert {"api-key": "k"} == service_at(address, key="k").auth_headers()
    assert named
    assert (AZURE, {"Authorization": "Bearer token"}) == (named.backend, named.auth_headers())


def test_chatgpt_has_to_be_chosen() -> None:
    """Its login is the CLI's: no variable turns it on."""
    assert (None, True) == (CHATGPT.key_variable, CHATGPT.key_required)


def test_headers_of_the_environment_go_with_its_key() -> None:
    """As the official client has them."""
    found = environment_service(
        {"OPENAI_API_KEY": "k", "OPENAI_CUSTOM_HEADERS": "X-A: 1\nno header\n X-B:2"}
    )

    assert found
    assert {"X-A": "1", "X-B": "2"} == found.headers
