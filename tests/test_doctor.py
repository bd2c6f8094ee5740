"""The doctor: each thing is found as it is, and what to do is said where it is not well."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest

from codex_magic.assistant import Assistant
from codex_magic.config import Codex
from codex_magic.doctor import Check, examine, is_well
from tests.fake_service import FakeService, error, text
from tests.kernels import MODEL, clean_environment, connected, environment_of, running_kernel

NUMBERS = "\n".join(map(str, range(1, 61)))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, service: FakeService) -> None:
    for name, value in environment_of(service).items():
        monkeypatch.setenv(name, value)


@contextmanager
def assistant(**settings: Any) -> Iterator[Assistant]:
    """Make an assistant without a shell."""
    made = Assistant(Codex(model=MODEL, **settings))
    try:
        yield made
    finally:
        made.close()


def found(*, ask: bool = False, backend: str | None = None, **settings: Any) -> dict[str, Check]:
    """Return what the doctor finds, by name."""
    with assistant(**settings) as made:
        return {check.name: check for check in examine(made, ask=ask, backend=backend)}


def states(checks: dict[str, Check]) -> dict[str, str]:
    """Return what is not well."""
    return {name: check.state for name, check in checks.items() if check.state != "ok"}


def test_all_is_well(service: FakeService) -> None:
    """One request, for the list of models; every line says what was seen."""
    checks = found()

    assert {} == states(checks)
    assert ["/v1/models"] == [request.path for request in service.requests][-1:]
    assert "/v1/responses" not in [request.path for request in service.requests if request.body]
    assert MODEL == checks["model"].found
    assert "OPENAI_API_KEY" == checks["key"].found
    assert all(check.found for check in checks.values())


def test_no_service_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what can be done; what has nothing to do with it is looked at, too."""
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")

    checks = found(local=False)

    assert {"service": "problem"} == states(checks)
    assert "%codex login" in checks["service"].action
    assert "conversations" in checks


def test_a_wrong_key_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not shown."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789abcdef")

    checks = found()

    assert {"address": "problem"} == states(checks)
    assert "%codex login" in checks["address"].action
    assert "sk-wrong" not in str(checks)


def test_an_address_where_nobody_listens_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's own words, and where to look."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    checks = found(max_retries=0)

    assert {"address": "problem"} == states(checks)
    assert "127.0.0.1" in checks["address"].found


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "problem"), (10, "warning"), (400, None)], ids=["past", "soon", "far"]
)
def test_a_model_that_ends_is_named(days: int, state: str | None) -> None:
    """With its last day: a problem when that is over, a warning when it is near."""
    last = (date.today() + timedelta(days=days)).isoformat()
    models = [
        {"id": MODEL, "object": "model", "created": 1, "owned_by": "system", "shutdown_date": last}
    ]
    with FakeService(models=models) as service, pytest.MonkeyPatch.context() as patch:
        for name, value in environment_of(service).items():
            patch.setenv(name, value)

        checks = found()

    assert ({"model": state} if state else {}) == states(checks)
    assert state is None or last in checks["model"].found


def test_a_model_that_is_not_there_is_a_problem() -> None:
    """A named one; the default only has a successor."""
    with assistant() as made:
        made.config.model = "gpt-0"
        checks = {check.name: check for check in examine(made)}
        assert {"model": "problem"} == states(checks)

        made.config.model = "gpt-5.1-codex-mini"
        checks = {check.name: check for check in examine(made)}
        assert {"model": "warning"} == states(checks)


def test_a_folder_that_is_none_is_a_problem(tmp_path: Path) -> None:
    """Nothing could be kept there; the line says what to set."""
    (tmp_path / "file").write_text("no folder")

    checks = found(data_dir=str(tmp_path / "file"))

    assert {"conversations": "problem"} == states(checks)
    assert "data_dir" in checks["conversations"].action
    assert "in memory only" in found(persist=False)["conversations"].found


def test_streaming_is_tried_when_asked_for(service: FakeService) -> None:
    """One question that nothing remembers; words that come bit by bit are well."""
    service.enqueue(text(NUMBERS, chunks=60).pause(0.02))

    checks = found(ask=True)

    assert {} == states(checks)
    assert "it begins after 0." in checks["streaming"].found
    assert 1 == len([request for request in service.requests if request.path == "/v1/responses"])


def test_a_proxy_that_holds_back_is_noticed(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All words at the end are a warning, with what to tell the proxy."""
    service.enqueue(text(NUMBERS, chunks=60).pause(0.03))
    with holding_back(service) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)

        checks = found(ask=True)

    assert {"streaming": "warning"} == states(checks)
    assert "buffer" in checks["streaming"].action


def test_a_model_that_thinks_first_is_well(service: FakeService) -> None:
    """Thoughts that come as they are thought show that nobody holds anything back."""
    service.enqueue(text("60", reasoning=NUMBERS, chunks=60).pause(0.02))

    checks = found(ask=True)

    assert {} == states(checks)


def test_a_failing_answer_is_a_problem(service: FakeService) -> None:
    """The list of models says nothing of whether the model answers."""
    service.enqueue(error(400, "unsupported", "No streams today."))

    checks = found(ask=True)

    assert {"streaming": "problem"} == states(checks)
    assert "No streams today." in checks["streaming"].found


def test_is_well_means_no_problem() -> None:
    """A warning is none."""
    assert is_well([Check("a", "ok", "x"), Check("b", "warning", "x")])
    assert not is_well([Check("a", "ok", "x"), Check("b", "problem", "x")])


def test_in_a_kernel_it_is_a_table(service: FakeService, tmp_path: Path) -> None:
    """It says beforehand what it asks; no key is in it; the front end is looked at."""
    with running_kernel(tmp_path) as kernel:
        kernel.run(connected(service))

        done = kernel.run("%codex doctor")
        refused = kernel.run("%codex doctor please")

    assert f"Asks {service.base_url} for its list of models." in done.stdout
    [table] = done.displays
    assert "All that is needed is there." in table["data"]["text/plain"]
    assert "<table>" in table["data"]["text/html"]
    assert "a kernel whose front end does not say what it is" in table["data"]["text/plain"]
    assert str(service.api_key) not in str(done.outputs)
    assert ["error"] == [refused.status]


@pytest.mark.parametrize("wrong", [False, True])
def test_at_a_terminal_the_exit_code_says_it(
    service: FakeService, tmp_path: Path, wrong: bool
) -> None:
    """As `python -m codex_magic doctor` in a script: 0 for well, 1 for a problem."""
    environ = {**clean_environment(tmp_path), **environment_of(service)}
    if wrong:
        environ["OPENAI_API_KEY"] = "sk-wrong-0123456789"

    done = subprocess.run(
        [sys.executable, "-m", "codex_magic", "doctor"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (int(wrong), "") == (done.returncode, done.stderr)
    assert ("PROBLEM" in done.stdout) == wrong
    assert environ["OPENAI_API_KEY"] not in done.stdout


@contextmanager
def holding_back(service: FakeService) -> Iterator[str]:
    """Run a proxy that passes an answer on when all of it has come."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(None)

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

        def _pass_on(self, body: bytes | None) -> None:
            kept = {
                name: self.headers[name]
                for name in ("Authorization", "Content-Type")
                if self.headers[name]
            }
            with urlopen(
                Request(service.base_url.removesuffix("/v1") + self.path, body, kept)
            ) as answer:
                whole = answer.read()
            self.send_response(200)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
