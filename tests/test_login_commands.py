"""``%codex login`` and ``logout``: keys that are typed in, and are nowhere to be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_service import FakeService
from tests.kernels import Executed, Kernel, running_kernel

KEY = "sk-typed-0123456789abcdef0123456789"
SETTINGS = "model=gpt-5.4-mini local=False"


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A service that takes the typed key alone."""
    with FakeService(api_key=KEY) as service:
        yield service


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kernel lives."""
    return tmp_path_factory.mktemp("kernel")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(folder) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService) -> Kernel:
    """The kernel, with a service whose key it does not have; the keyring is one in memory."""
    running.asked.clear()
    setting_up = running.run(f"""
import os, keyring, keyring.backend
class InMemory(keyring.backend.KeyringBackend):
    priority, kept = 1, {{}}
    def get_password(self, service, name): return self.kept.get((service, name))
    def set_password(self, service, name, key): self.kept[service, name] = key
    def delete_password(self, service, name):
        if self.kept.pop((service, name), None) is None:
            raise keyring.errors.PasswordDeleteError(name)
keyring.set_keyring(InMemory())
os.environ.pop("OPENAI_API_KEY", None)
os.environ["OPENAI_BASE_URL"] = {service.base_url!r}
%reload_ext codex_magic
done = %codex config {SETTINGS}
""")
    assert ("ok", "") == (setting_up.status, setting_up.stderr)
    return running


def typed(kernel: Kernel, line: str, key: str = KEY) -> Executed:
    """Run a line, and type a key when it is asked for."""
    return kernel.run(line, answer=lambda prompt: key)


def line_of(executed: Executed) -> str:
    """Return the one line that an error is shown in."""
    assert "error" == executed.status
    [line] = executed.traceback
    return line


def test_a_typed_key_answers(kernel: Kernel, service: FakeService) -> None:
    """It is asked for as a password, checked with one request, and used from then on."""
    assert "AuthError" in line_of(kernel.run("%%codex\nWhy?"))

    done = typed(kernel, "%codex login")

    assert ("ok", True) == (done.status, kernel.asked[0]["password"])
    assert service.base_url in kernel.asked[0]["prompt"]
    assert " takes this key: " in done.stdout
    assert "for this kernel only" in done.stdout
    assert ["/v1/models"] == [request.path for request in service.requests][-1:]
    assert "ok" == kernel.run("%%codex\nWhy?").status
    assert (
        "typed in with %codex login"
        in kernel.run("%codex status").displays[0]["data"]["text/plain"]
    )


def test_the_key_is_nowhere(kernel: Kernel, folder: Path, service: FakeService) -> None:
    """Not in an output, the history, a file, a log, a repr or an error, and not in a variable."""
    shown = [typed(kernel, "%codex login"), kernel.run("%%codex --debug\nWhy?")]
    shown += [
        typed(kernel, "%codex login", "sk-wrong-" + "0" * 30),
        typed(kernel, f"%codex login {KEY}"),
    ]
    look = """
magics = get_ipython().find_line_magic("codex").__self__
print(magics.assistant.services.logins, magics.assistant.services.describe(), magics.config)
print([name for name, value in os.environ.items() if "sk-typed" in value])
%codex status
%codex config
%codex history
get_ipython().history_manager.writeout_cache()"""
    shown.append(kernel.run(look))
    written = [path for path in folder.rglob("*") if path.is_file()]

    words = json.dumps([[one.outputs, [m.content for m in one.messages]] for one in shown[:3]])
    assert KEY not in words
    assert "sk-wrong" not in words
    assert KEY not in json.dumps([shown[3].traceback, shown[4].outputs])
    # What a user writes into a cell is theirs: IPython keeps that, and we say so.
    history = [path for path in written if "history" in path.name]
    assert history
    assert not [
        path for path in written if path not in history and KEY.encode() in path.read_bytes()
    ]


def test_a_wrong_key_is_not_kept(kernel: Kernel, service: FakeService) -> None:
    """The service's words, and nothing kept: the next question says that there is no key."""
    assert "To type another key: %codex login." in line_of(kernel.run("%%codex\nWhy?"))

    failed = typed(kernel, "%codex login", "sk-wrong-0123456789")

    assert "refuses this key" in line_of(failed)
    assert "Nothing was kept." in line_of(failed)
    assert "AuthError" in line_of(kernel.run("%%codex\nWhy?"))


@pytest.mark.parametrize("key", ["", "  ", "two words", "schlüssel", "line\nbreak"])
def test_what_is_no_key_is_not_sent(kernel: Kernel, service: FakeService, key: str) -> None:
    """A slip of the paste buffer is noticed here."""
    assert "That is no key" in line_of(typed(kernel, "%codex login", key))
    assert [] == service.requests


def test_a_key_in_the_line_is_refused(kernel: Kernel, service: FakeService) -> None:
    """It would be saved with the notebook; it is not repeated, either."""
    line = line_of(typed(kernel, f"%codex login {KEY}"))

    assert "Write no key into a cell" in line
    assert KEY not in line
    assert [] == service.requests


def test_nobody_can_type_without_an_input_prompt(kernel: Kernel) -> None:
    """As in nbclient: the error says what to do there."""
    assert "Set OPENAI_API_KEY before the kernel starts" in line_of(kernel.run("%codex login"))


def test_a_key_can_be_kept_in_the_keyring(kernel: Kernel, service: FakeService) -> None:
    """Another kernel finds it there; logout forgets it in both places."""
    done = typed(kernel, "%codex login --keep")
    assert "It is in the keyring of the system" in done.stdout
    assert "1\n" == kernel.run("print(len(InMemory.kept))").stdout

    assert "Forgotten: in this kernel and the keyring." in kernel.run("%codex logout").stdout
    assert "0\n" == kernel.run("print(len(InMemory.kept))").stdout
    assert "AuthError" in line_of(kernel.run("%%codex\nWhy?"))
    assert "no login to forget" in kernel.run("%codex logout").stdout


def test_logging_in_somewhere_else(kernel: Kernel, service: FakeService) -> None:
    """The service is named; its key goes to it alone, and it answers from now on."""
    kernel.run(f"%codex backend add mine {service.base_url} --key-env MINE_KEY")

    done = typed(kernel, "%codex login --backend mine")

    assert "mine answers from now on" in done.stdout
    assert "ok" == kernel.run("%%codex\nWhy?").status
    assert "OPENAI_API_KEY" in line_of(
        kernel.run("%codex backend auto\n%codex ask --backend openai Why?")
    )


def test_the_environments_key_stays(kernel: Kernel, service: FakeService) -> None:
    """Logout says that it does; a typed key goes first."""
    kernel.run("os.environ['OPENAI_API_KEY'] = 'sk-old-0123456789'")
    assert "AuthError" in line_of(kernel.run("%%codex\nWhy?"))

    typed(kernel, "%codex login")
    assert "ok" == kernel.run("%%codex\nWhy?").status

    assert (
        "The key in OPENAI_API_KEY is the environment's, and stays."
        in kernel.run("%codex logout").stdout
    )


def test_services_without_a_key_need_no_login(kernel: Kernel) -> None:
    """The error says how they are used instead; so does that of a service that there is not."""
    assert "local wants no key" in line_of(typed(kernel, "%codex login --backend local"))
    assert "'opnai' is no service. Did you mean openai?" in line_of(
        typed(kernel, "%codex login --backend opnai")
    )


def test_the_codex_cli_login_is_opted_into(kernel: Kernel, folder: Path) -> None:
    """Where there is none, the error says how to get one; nothing else changes."""
    kernel.run(f"os.environ['CODEX_HOME'] = {str(folder / 'codex-home')!r}")

    assert "codex login" in line_of(kernel.run("%codex login --codex"))
    assert "backend" not in kernel.run("%codex config backend").stdout.split("'")[1]
