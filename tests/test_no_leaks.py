"""A key is nowhere but in its header, in a request to the host that it is meant for."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import codex_magic
from codex_magic import AsyncCodexClient, CodexClient, CodexError
from codex_magic.api.auth import Service, environment_service
from codex_magic.api.endpoints import check_answer
from codex_magic.api.transport import Answer as HttpAnswer
from codex_magic.api.transport import Request
from tests.fake_identity import FakeIdentity, cli_document, write_document
from tests.fake_service import Answer, FakeService, error, failed, html, in_stream_error, text
from tests.kernels import running_kernel, running_shell

PACKAGE = str(Path(codex_magic.__file__).parent)
# One that looks like a key, and one that looks like nothing, as Azure's do.
KEYS = ["sk-proj-Zq8vXw3LmN5pR7tY2uK4jH6g", "9f3ac07be1d84562a0c7f1e6b25d4938"]
QUESTION: dict[str, Any] = {"model": "gpt-5.4-mini", "input": "Hello"}
SILENCE = 1.0
FOUND = "Incorrect key {key} in Authorization: Bearer {key}."


def echo(status: int, **more: Any) -> Callable[[str], Answer]:
    """Return an answer that quotes the key in every place of its body."""

    def answer(key: str) -> Answer:
        told = FOUND.format(key=key)
        fields = {"message": told, "type": "bad", "param": key, "code": f"bad_{key}", "key": key}
        return error(status, None, told, body={"error": fields, "request": [{key: key}]}, **more)

    return answer


def page(status: int) -> Callable[[str], Answer]:
    """Return a page of a proxy that shows what it got."""
    return lambda key: html(
        status, f"<title>{key}</title><h1>Bad</h1><pre>{FOUND}</pre>".format(key=key)
    )


ANSWERS: dict[str, Callable[[str], Answer]] = {
    "success": lambda key: text("Fine."),
    "401": echo(401),
    "400": echo(400),
    "404": echo(404),
    "429": echo(429, headers={"retry-after": "0"}),
    "500": echo(500),
    "html": page(502),
    "failed": lambda key: failed("server_error", "It failed."),
    "in stream": lambda key: in_stream_error(message="It failed."),
    "cut": lambda key: text("This is cut off.").cut_after(4),
    "silent": lambda key: text("This never comes.").hold(-1),
    "stalls": lambda key: text("This stops in the middle.").hold(4),
}


@pytest.fixture(params=KEYS, ids=["sk", "hex"])
def key(request: pytest.FixtureRequest) -> str:
    """A key that is nowhere else in the world."""
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, where everything that is written can be found."""
    for name in ("HOME", "USERPROFILE", "IPYTHONDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that anybody logs, down to httpcore's steps."""
    with caplog.at_level(logging.DEBUG):
        for name in ("httpx", "httpcore", "asyncio", "codex_magic"):
            caplog.set_level(logging.DEBUG, name)
        yield caplog


@dataclass(frozen=True)
class Way:
    """How a client is used: with ``await`` or without, in one piece or as a stream."""

    asynchronous: bool
    streamed: bool

    def ask(self, options: dict[str, Any]) -> list[str]:
        """Ask once, and return everything that can be seen of what came of it."""
        return asyncio.run(self._aask(options)) if self.asynchronous else self._ask(options)

    def _ask(self, options: dict[str, Any]) -> list[str]:
        seen: list[Any] = []
        with CodexClient(**options) as client:
            try:
                if self.streamed:
                    with client.responses.stream(**QUESTION) as stream:
                        seen.append(stream)
                        seen += [*stream, stream.get_final_response()]
                else:
                    seen.append(client.responses.create(**QUESTION))
            except CodexError as caught:
                seen += everything_of(caught)
            return [*map(repr, seen), *parts_of(client), *parts_of(client.with_options(timeout=1))]

    async def _aask(self, options: dict[str, Any]) -> list[str]:
        seen: list[Any] = []
        async with AsyncCodexClient(**options) as client:
            try:
                if self.streamed:
                    async with client.responses.stream(**QUESTION) as stream:
                        seen += [stream, *[event async for event in stream]]
                        seen.append(await stream.get_final_response())
                else:
                    seen.append(await client.responses.create(**QUESTION))
            except CodexError as caught:
                seen += everything_of(caught)
            return [*map(repr, seen), *parts_of(client)]


WAYS = [Way(asynchronous, streamed) for asynchronous in (False, True) for streamed in (False, True)]
EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=str)


def parts_of(client: Any) -> list[str]:
    """Return what the objects that a client is made of show of themselves."""
    options = client._caller.options
    request = options.request("POST", "/responses", b"{}")
    parts = (client, client._caller, options, options.service, options.service.credentials, request)
    return [text for part in parts for text in (repr(part), str(part))]


def everything_of(caught: BaseException) -> list[str]:
    """Return what an error says, carries and leads to, with the variables of our own frames."""
    seen = ["".join(traceback.format_exception(caught))]
    following: BaseException | None = caught
    while following is not None:
        seen += [repr(following), str(following), repr(vars(following))]
        for frame, _ in traceback.walk_tb(following.__traceback__):
            if frame.f_code.co_filename.startswith(PACKAGE):
                seen += [
                    f"{frame.f_code.co_name}: {name} = {value!r}"
                    for name, value in frame.f_locals.items()
                ]
        following = following.__cause__ or following.__context__
    return seen


def check_hidden(key: str, *seen: str) -> None:
    """See to it that the key is nowhere, also not without its beginning."""
    tail = key[-16:]
    assert [] == [
        one[max(one.find(tail) - 300, 0) : one.find(tail) + 40] for one in seen if tail in one
    ]


def check_sent(key: str, service: FakeService) -> None:
    """See to it that the key came in its header, and in nothing else that came."""
    for request in (*service.requests, *service.probes):
        headers = dict(request.headers)
        given = headers.pop("authorization", None)
        assert given in (None, f"Bearer {key}")
        check_hidden(key, f"{request.path} {request.query} {headers} {request.raw!r}")
    assert f"Bearer {key}" in [request.headers.get("authorization") for request in service.requests]


def files(folder: Path) -> list[str]:
    """Return what every file holds, and is called."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [f"{path} {path.read_bytes().decode('latin-1')}" for path in found]


@EVERY_WAY
@pytest.mark.parametrize("case", ANSWERS)
def test_a_client_keeps_its_key(
    home: Path,
    logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    key: str,
    case: str,
    way: Way,
) -> None:
    """Whatever the service answers, even if it quotes the key."""
    with FakeService(api_key=None) as service:
        service.enqueue(*[ANSWERS[case](key) for _ in range(2)])
        options = {"base_url": service.base_url, "api_key": key, "timeout": SILENCE}
        seen = way.ask({**options, "max_retries": int(case == "429")})

    assert seen
    check_hidden(key, *seen, logged.text, *capfd.readouterr(), *files(home))
    check_sent(key, service)


@EVERY_WAY
def test_a_key_goes_nowhere_else(home: Path, logged: pytest.LogCaptureFixture, way: Way) -> None:
    """Not to where an answer points, and not out of an error when nobody is there."""
    key = KEYS[0]
    with FakeService(api_key=None) as service, FakeService(api_key=None) as other:
        moved = {"location": f"{other.base_url}/responses"}
        service.enqueue(error(307, None, "Moved.", headers=moved))
        seen = way.ask({"base_url": service.base_url, "api_key": key, "max_retries": 0})
        reached = [*other.requests, *other.probes]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = "http://{}:{}/v1".format(*taken.getsockname())
    seen += way.ask({"base_url": nobody, "api_key": lambda: key, "max_retries": 0})

    assert [] == reached
    check_hidden(key, *seen, logged.text, *files(home))
    check_sent(key, service)


@EVERY_WAY
@pytest.mark.parametrize("refused", [False, True])
def test_a_login_keeps_its_tokens(
    home: Path, logged: pytest.LogCaptureFixture, way: Way, refused: bool
) -> None:
    """Neither those that are good nor those that were renewed, if nothing helps."""
    with FakeIdentity() as identity, FakeService("chatgpt", api_key=None) as service:
        path = write_document(home / "auth.json", cli_document(identity.new_login()))
        tokens = [CodexClient(token_path=path, issuer=identity.issuer).token or ""]
        if refused:
            service.enqueue(*[echo(401)(tokens[0]) for _ in range(2)])
        options = {"base_url": service.base_url, "token_path": path, "issuer": identity.issuer}
        seen = way.ask({**options, "max_retries": 0})
        tokens += [
            sent.headers["authorization"].removeprefix("Bearer ") for sent in service.requests
        ]

    assert (2 if refused else 1) == len(service.requests)
    for token in {*tokens}:
        check_hidden(token, *seen, logged.text)


def test_services_and_errors_keep_a_key_that_nobody_knows() -> None:
    """Objects show none of it, however they are made."""
    for key in KEYS:
        variables = {"OPENAI_API_KEY": key, "OPENAI_CUSTOM_HEADERS": f"X-Key: {key}"}
        found = environment_service(variables)
        request = Request("POST", "http://h/v1/responses", {"api-key": key})
        answer = HttpAnswer(401, {}, FOUND.format(key=key).encode())

        with pytest.raises(CodexError) as caught:
            check_answer(found or Service.__new__(Service), request, answer)

        check_hidden(key, repr(found), repr(request), repr(answer), *everything_of(caught.value))


CELLS = [
    "%xmode Verbose",
    "%%codex\nWhy?",
    "%tb",
    "%codex ask Why?",
    "%codex status",
    "%codex config",
    "%config Codex",
    "%codex history",
    "from codex_magic import CodexClient, ask\nclient = CodexClient(max_retries=0, timeout=0.5)\nclient",
    "ask('Why?')",
    "client.responses.create(model='gpt-5.4-mini', input='Why?')",
    "try: client.responses.create(model='gpt-5.4-mini', input='Why?')\n"
    "except Exception as error: caught = error",
    "caught, vars(caught)",
    "client._caller.options.service, client.with_options(timeout=3)",
]


@pytest.mark.parametrize("case", ["success", "401", "500", "html", "cut", "silent"])
def test_a_shell_keeps_the_key(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    case: str,
) -> None:
    """In what cells show, in tracebacks with variables, and in what lies around afterwards."""
    key = KEYS[1]
    with ExitStack() as stack:
        service = stack.enter_context(FakeService(api_key=None))
        monkeypatch.setenv("OPENAI_API_KEY", key)
        monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
        shell = stack.enter_context(running_shell())
        shell.run_cell(f"%codex config timeout={SILENCE} max_retries=0")
        for cell in CELLS:
            service.enqueue(ANSWERS[case](key))
            shell.run_cell(cell)
        kept = {name: repr(value) for name, value in shell.user_ns.items() if name != "os"}

    printed = capfd.readouterr()
    assert "Codex" in printed.out
    check_hidden(key, printed.out, printed.err, logged.text, *kept.values(), *files(home))
    check_sent(key, service)


def test_a_kernel_keeps_the_key(tmp_path: Path) -> None:
    """In everything that it publishes, logs and writes, in good days and bad ones."""
    key = KEYS[0]
    with FakeService(api_key=None) as service:
        environ = {"OPENAI_API_KEY": key, "OPENAI_BASE_URL": service.base_url}
        with running_kernel(tmp_path, environ) as kernel:
            setup = "%load_ext codex_magic\nimport logging\nlogging.basicConfig(level='DEBUG')\n"
            executed = [kernel.run(setup + f"%codex config timeout={SILENCE} max_retries=0")]
            for case in ("success", "401", "html", "cut"):
                for cell in CELLS:
                    service.enqueue(ANSWERS[case](key))
                    executed.append(kernel.run(cell))
            log = kernel.log
        published = [repr(message.content) for one in executed for message in one.messages]

    assert "error" in {one.status for one in executed}
    check_hidden(key, *published, *[repr(one.error) for one in executed], log, *files(tmp_path))
    check_sent(key, service)


COMMANDS = [
    "%codex config log=requests.jsonl",
    "import os\nnote = f'The key is {os.environ[\"OPENAI_API_KEY\"]}.'",
    "%%codex -v note\nWhat does it say?",
    "%%codex --dry-run -v note\nWhat does it say?",
    "answer = get_ipython().run_cell_magic('codex', '--once', f'Is {note} right?')",
    "%codex doctor --ask",
    "%codex doctor",
    "%codex models",
    "%codex backend",
    "%codex usage",
    "%codex tools",
    "%%codex --background\nWhy?",
    "%codex jobs",
    "%codex login",
    "%codex logout",
    "%codex panel",
    "%codex transcript",
    "%codex save kept.json",
    *[f"%codex export answers.{kind}" for kind in ("md", "html", "ipynb", "json")],
    "%codex history --search key",
    "%codex why is the sky blue? --debug",
]


@pytest.mark.parametrize("case", ["success", "401"])
def test_commands_keep_the_keys(tmp_path: Path, case: str) -> None:
    """One from the environment, one of a service that the user added, and one that is typed in."""
    key, other, typed = KEYS[0], "lab-4Jq9Zt7Wm2Xc8Vb5Nr1K", "sk-typed-Hq7Lw2Zx9Pv4Rk8Tn3My"
    with FakeService(api_key=None) as service, FakeService(api_key=None) as lab:
        environ = {
            "OPENAI_API_KEY": key,
            "OPENAI_BASE_URL": service.base_url,
            "LAB_KEY": other,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        adding = f"%codex backend add lab {lab.base_url} --key-env LAB_KEY"
        asking = ["%codex ask --backend lab Why?", "%codex doctor --backend lab"]
        with running_kernel(tmp_path, environ) as kernel:
            kernel.run(f"%load_ext codex_magic\n%codex config timeout={SILENCE} max_retries=0")
            executed = []
            for cell in (*COMMANDS, adding, *asking):
                for one in (service, lab):
                    one.enqueue(ANSWERS[case](other if one is lab else key))
                executed.append(kernel.run(cell, answer=lambda prompt: typed))
            log = kernel.log
        seen = [repr(message.content) for one in executed for message in one.messages]
        seen += [repr(one.error) for one in executed]

    assert [typed] == list({*_bearers(service)} - {key})
    assert {other} == {*_bearers(lab)}
    work = tmp_path / "work"
    assert (work / "requests.jsonl").is_file()
    assert (work / "kept.json").is_file()
    for secret in (key, other, typed):
        sent = [f"{r.path} {r.query} {r.raw!r}" for r in (*service.requests, *lab.requests)]
        check_hidden(secret, *seen, log, *sent, *files(tmp_path))


def _bearers(service: FakeService) -> list[str]:
    """Return the keys that came."""
    given = [request.headers.get("authorization", "") for request in service.requests]
    return [value.removeprefix("Bearer ") for value in given if value]
