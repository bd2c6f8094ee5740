"""Tests of what goes along: found, made to fit, without secrets, and only where the model takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_magic.api.backends import BACKENDS, LOCAL, OPENAI, Backend
from codex_magic.asking import Options
from codex_magic.assistant import Assistant
from codex_magic.attaching import Attached, attach, sees
from codex_magic.config import Codex
from codex_magic.context.pieces import Document, Picture, Piece
from codex_magic.context.redact import Redactor
from codex_magic.context.wanted import Scene
from codex_magic.errors import APIError, ContextError
from tests.api.test_downloads import Site, running_site
from tests.asking import ask, sent
from tests.context.pixels import png
from tests.fake_service import FakeService
from tests.sending import last_sent

MODEL = "gpt-5.4-mini"
SECRET = "hunter2-tulip-91"
REMOTE = "https://example.org/chart.png"


def attached(
    prompt: str = "Why?",
    *,
    model: str = MODEL,
    backend: Backend = OPENAI,
    config: Codex | None = None,
    names: dict[str, Any] | None = None,
    fetch: Any = None,
    instructions: str = "",
    **options: Any,
) -> Attached:
    """Return a question with what goes along."""
    return attach(
        prompt,
        Options(**options),
        config or Codex(),
        Scene(names or {}, fetch=fetch),
        model=model,
        backend=backend,
        redactor=Redactor({"DB_PASSWORD": SECRET}),
        instructions=instructions,
    )


@pytest.fixture
def site() -> Iterator[Site]:
    """A server of files."""
    with running_site() as site:
        yield site


def test_a_plain_question_is_its_text() -> None:
    """No envelope, no preface, nothing said of it."""
    found = attached("Why?\n")

    assert ({"type": "message", "role": "user", "content": "Why?\n"},) == found.items()
    assert Attached("Why?\n") == found


@pytest.mark.parametrize(
    ("model", "backend"),
    [
        ("smollm2-135m", LOCAL),
        ("gpt-oss-20b", OPENAI),
        ("openai/gpt-oss-120b", BACKENDS["openrouter"]),
        ("gpt-3.5-turbo", OPENAI),
        (MODEL, replace(OPENAI, vision=False)),
    ],
)
def test_a_model_that_sees_nothing_is_sent_nothing(model: str, backend: Backend) -> None:
    """The error comes before anything is fetched or sent, and says what to do."""
    with pytest.raises(ContextError) as caught:
        attached(model=model, backend=backend, images=[REMOTE], fetch=_never)

    assert not sees(model, backend)
    assert f"{model} sees no images, and chart.png is one: choose a model that does" in str(
        caught.value
    )
    assert 1 == len(str(caught.value).splitlines())


def test_the_service_is_not_asked_by_a_blind_model(service: FakeService) -> None:
    """Not a single request goes out, and the conversation is what it was."""
    assistant = Assistant(Codex(backend="openai", base_url=service.base_url, model="gpt-oss-20b"))
    try:
        with pytest.raises(ContextError, match="gpt-oss-20b sees no images"):
            ask(assistant, images=[png((4, 4))])
    finally:
        assistant.close()

    assert [] == service.requests
    assert () == assistant.conversation.turns


@pytest.mark.parametrize("model", ["gpt-5.1-codex-mini", "gpt-5", "gpt-4o", "o3"])
def test_original_becomes_high_before_models_that_know_it(model: str) -> None:
    """In one line, and only where there is an image that it is about."""
    found = attached(model=model, images=[png((4, 4))], detail="original")
    plain = attached(model=model, detail="original")

    [_, _, image, _] = found.items()[0]["content"]
    assert "high" == image["detail"] == found.detail
    assert ("--detail original needs gpt-5.4 or newer: sent with detail high.",) == found.remarks
    assert () == plain.remarks


def test_the_level_of_detail_is_an_option_and_a_setting() -> None:
    """The option goes before the setting; newer models take the original."""
    config, image = Codex(detail="low"), [png((1200, 600))]

    low = attached(config=config, images=image)
    original = attached(config=config, images=image, detail="original")

    sizes = [(one.width, one.height) for q in (low, original) for one in q.attachments]  # type: ignore[union-attr]
    assert ["low", "original"] == [low.detail, original.detail]
    assert [(512, 256), (1200, 600)] == sizes
    assert low.tokens < original.tokens
    assert () == original.remarks


def test_a_document_goes_where_files_are_taken(tmp_path: Path) -> None:
    """As a file to OpenAI; elsewhere an error says what to send instead."""
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4\n%%EOF\n")

    [document] = attached(files=[paper]).attachments
    with pytest.raises(ContextError, match=r"takes no files like .*paper\.pdf: send its text"):
        attached(files=[paper], backend=replace(OPENAI, files=False))

    assert isinstance(document, Document)
    assert ("paper.pdf", paper.read_bytes()) == (document.filename, document.data)


def test_an_address_stays_one_where_the_service_fetches_it() -> None:
    """The kernel asks nobody for it."""
    [picture] = attached(images=[REMOTE], fetch=_never).attachments

    assert isinstance(picture, Picture)
    assert (REMOTE, b"") == (picture.url, picture.data)


def test_an_image_is_fetched_where_the_service_cannot(site: Site) -> None:
    """By the kernel, over its own connections, without the key; the service gets the bytes."""
    data = png((20, 10))
    address = site.page("/chart.png", data, "image/png")
    with FakeService("ollama", models=["llava"], api_key=None) as service:
        config = Codex(backend="ollama", base_url=service.base_url, model="llava")
        assistant = Assistant(config)
        try:
            reply = ask(assistant, images=address)
        finally:
            assistant.close()

    [image] = last_sent(service).images
    assert (data, "chart.png") == (image.source, image.label)
    [(path, headers)] = site.asked
    assert "/chart.png" == path
    assert "authorization" not in headers
    assert reply.attached.startswith("1 figure")


def test_what_cannot_be_fetched_sends_nothing(site: Site) -> None:
    """A page that is not there, and one that is no image."""
    missing = site.page("/missing.png", b"No.", status=404)
    page = site.page("/page.png", b"<html></html>", "text/html")
    with FakeService("ollama", models=["llava"], api_key=None) as service:
        config = Codex(backend="ollama", base_url=service.base_url, model="llava")
        assistant = Assistant(config)
        try:
            with pytest.raises(ContextError, match="answers with 404"):
                ask(assistant, images=missing)
            with pytest.raises(ContextError, match=r"page\.png"):
                ask(assistant, images=page)
        finally:
            assistant.close()

    assert [] == sent(service)
    assert () == assistant.conversation.turns


def test_secrets_are_replaced_everywhere(tmp_path: Path) -> None:
    """In texts, names, the prompt and the instructions, each by its own placeholder, and counted."""
    (tmp_path / f"{SECRET}.txt").write_text(f"login {SECRET}\n")
    (tmp_path / f"{SECRET}.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")

    found = attached(
        f"Is {SECRET} good?",
        files=sorted(map(str, tmp_path.iterdir())),
        vars={"row": [SECRET, "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hJ3kLm"]},
        instructions=f"Never say {SECRET}.",
    )

    assert SECRET not in repr(found)
    assert "ghp_" not in repr(found)
    assert re.fullmatch(r"Is \[secret \d: DB_PASSWORD\] good\?", found.prompt)
    assert re.fullmatch(r"Never say \[secret \d: DB_PASSWORD\]\.", found.instructions)
    assert 2 == found.secrets
    assert found.words.endswith("2 secrets replaced")


def test_a_secret_in_the_prompt_alone_is_said() -> None:
    """Also where nothing goes along."""
    found = attached(f"Is {SECRET} good?")

    assert ("1 secret replaced", ()) == (found.words, found.attachments)


def test_a_placeholder_is_no_secret() -> None:
    """What the model said about a placeholder can be quoted, and counts as nothing."""
    found = attached("What is [secret 1: DB_PASSWORD]?")

    assert ("What is [secret 1: DB_PASSWORD]?", "", 0) == (found.prompt, found.words, found.secrets)


def test_secrets_stay_where_the_user_wants_them() -> None:
    """``redact=False`` sends what stands there, and says nothing of it."""
    found = attached(
        f"Is {SECRET} good?",
        config=Codex(redact=False),
        vars={"row": [SECRET]},
        instructions=SECRET,
    )

    assert f"Is {SECRET} good?" == found.prompt
    assert SECRET in found.attachments[0].text  # type: ignore[union-attr]
    assert (SECRET, 0, "row") == (found.instructions, found.secrets, found.words)


@pytest.mark.parametrize("budget", [50, 100, 150, 200, 300])
def test_no_half_of_a_secret_is_left_by_a_cut(tmp_path: Path, budget: int) -> None:
    """Secrets go before the budget cuts: wherever it does, no part of one is there."""
    secret = "zQ7kV9" * 8
    notes = tmp_path / "notes.txt"
    notes.write_text(" ".join(f"{index} {secret}" for index in range(400)))

    found = attach(
        "Why?",
        Options(files=[notes]),
        Codex(context_budget=budget),
        Scene({}),
        model=MODEL,
        backend=OPENAI,
        redactor=Redactor({"DB_PASSWORD": secret}),
    )

    assert "zQ7" not in repr(found.attachments)
    assert "kV9" not in repr(found.attachments)
    assert found.tokens <= budget + 30


def test_the_budget_is_a_setting_and_at_most_half_the_window(tmp_path: Path) -> None:
    """The longest texts are cut, all to one size; short ones stay, and the user is told."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(f"{name} " * 10_000)
    files = [tmp_path / f"{name}.txt" for name in ("one", "two")]

    found = attached(config=Codex(context_budget=1_000), vars={"x": 1}, files=files)
    free = attached(vars={"x": 1}, files=files)

    assert found.tokens <= 1_050 < free.tokens
    variable, *cut = found.attachments
    assert isinstance(variable, Piece)
    assert ("x", "") == (variable.label, variable.note)
    assert all("left out" in one.note for one in cut)  # type: ignore[union-attr]
    [remark] = found.remarks
    assert remark.startswith("2 pieces shortened to fit into 1,000 tokens")
    assert () == free.remarks


def test_several_kinds_in_one_option() -> None:
    """A thing alone, things in a list, and things by names are all the same to it."""
    values = {"a": 1, "b": 2}

    found = [
        attached(vars="a", names=values),
        attached(vars=["a", "b"], names=values),
        attached(vars={"first": 1, "second": 2}),
        attached(vars=(1, 1.5)),
    ]

    labels = [[one.label for one in question.attachments] for question in found]
    assert [["a"], ["a", "b"], ["first", "second"], ["int", "float"]] == labels


def test_a_file_by_a_name_of_the_users(tmp_path: Path) -> None:
    """``files={"notes": path}`` names a file, as it does for all else."""
    (tmp_path / "notes.txt").write_text("Noted.")

    [piece] = attached(files={"notes": tmp_path / "notes.txt"}).attachments

    assert "Noted." == piece.text  # type: ignore[union-attr]


def test_a_refusal_is_the_services(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes along does not change how it looks."""
    monkeypatch.setenv("OPENAI_API_KEY", str(service.api_key))
    monkeypatch.setenv("OPENAI_BASE_URL", service.base_url)
    assistant = Assistant(Codex(model="gpt-9"))
    try:
        with pytest.raises(APIError, match="gpt-9"):
            ask(assistant, vars={"x": 1})
    finally:
        assistant.close()


def _never(address: str) -> tuple[bytes, str]:
    raise AssertionError(f"{address} was fetched")
