"""What a question names becomes the parts of its message: found, made to fit, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .api.backends import LOCAL, Backend
from .api.items import Json
from .asking import Options
from .config import Codex
from .context import mentions
from .context.pieces import Attachment, Document, Picture, Piece
from .context.redact import Redactor
from .context.wanted import Fetch, Labelled, Scene, Wanted
from .display.progress import plural
from .errors import ContextError
from .patterns import late
from .records import dataclass

# What a text-only model's name begins with, where a service has both.
_BLIND = ("gpt-3.5", "gpt-oss", "o1-mini", "o3-mini", "smollm2", "text-", "davinci")
_PLACEHOLDER = late(r"\[secret [0-9]+: [^\]\n]{1,100}\]")


@dataclass(frozen=True, slots=True)
class Attached:
    """
    A question with what goes along.

    Attributes:
        prompt: Its text, without secrets.
        instructions: What the model is told beforehand, without secrets.
        attachments: What goes along, as it is sent.
        detail: How closely pictures are seen.
        words: What goes along, as the footer has it; empty for nothing.
        tokens: About how many tokens that has.
        remarks: What the user should know of it, a line each.
        secrets: How many secrets were replaced.
    """

    prompt: str
    instructions: str = ""
    attachments: tuple[Attachment, ...] = ()
    detail: str = "auto"
    words: str = ""
    tokens: int = 0
    remarks: tuple[str, ...] = ()
    secrets: int = 0

    def items(self) -> tuple[Json, ...]:
        """Return the input items of the question."""
        content: Any = self.prompt
        if self.attachments:
            from .context.envelope import parts

            content = parts(self.prompt, self.attachments, detail=self.detail)
        return ({"type": "message", "role": "user", "content": content},)


def attach(
    prompt: str,
    options: Options,
    config: Codex,
    scene: Scene,
    *,
    model: str,
    backend: Backend,
    redactor: Redactor,
    instructions: str = "",
) -> Attached:
    """
    Return a question with all that it names, as ``model`` takes it.

    Raises:
        ContextError: Something is not there, or the model cannot take it.
    """
    wanted = wanted_by(options, config)
    clean = _Cleaner(redactor if config.redact else None)
    if wanted.is_nothing and not any(mentions.find(prompt)):
        prompt, instructions = clean(prompt), clean(instructions)
        secrets = len(clean.placeholders)
        return Attached(prompt, instructions, words=_words((), secrets), secrets=secrets)
    from .context import figures  # What describes is a lot of code: only for what is described.
    from .context.budget import allowance, fitted
    from .context.gathering import gather, size

    detail, remark = figures.detail_for(options.detail or config.detail, model)
    room = allowance(model, config.context_budget)
    gathered = gather(prompt, wanted, scene, room)
    _check(gathered.attachments, model, backend)
    found = [_prepared(one, detail, model, backend, scene.fetch) for one in gathered.attachments]
    # Before anything is cut: half a secret looks like none.
    cleaned = [clean.attachment(one) for one in found]
    prompt, instructions = clean(prompt), clean(instructions)
    sent = fitted(cleaned, room, detail)
    pictures = any(isinstance(one, Picture) for one in sent)
    remarks = [*gathered.remarks, *([remark] if remark and pictures else [])]
    if shorter := sum(one is not other for one, other in zip(cleaned, sent, strict=True)):
        remarks.append(
            f"{plural(shorter, 'piece')} shortened to fit into {room:,} tokens: name less, or "
            "%codex config context_budget=N."
        )
    return Attached(
        prompt=prompt,
        instructions=instructions,
        attachments=tuple(sent),
        detail=detail,
        words=_words(sent, len(clean.placeholders)),
        tokens=size(sent, detail),
        remarks=tuple(remarks),
        secrets=len(clean.placeholders),
    )


def wanted_by(options: Options, config: Codex) -> Wanted:
    """Return what the options and the settings point at."""
    return Wanted(
        cells=_specification(options.cells),
        outputs=options.outputs,
        vars=_named(options.vars),
        figures=_named(options.figures),
        images=_named(options.images),
        files=tuple(map(_path, _named(options.files))),
        error=options.error,
        locals=options.locals,
        context=options.context or config.context,
    )


def _specification(cells: Any) -> str:
    """Return cells as ``-c`` names them: one, or several numbers."""
    if cells is None:
        return ""
    return ",".join(map(str, cells)) if isinstance(cells, (list, tuple, range)) else str(cells)


def _named(value: Any) -> tuple[Any, ...]:
    """Return one thing, or several, as several; figures in a grid stay one."""
    if value is None or value is False:
        return ()
    if isinstance(value, dict):
        return tuple(Labelled(name, one) for name, one in value.items())
    return tuple(value) if isinstance(value, (list, tuple, set)) else (value,)


def _path(file: Any) -> str:
    return str(file.value if isinstance(file, Labelled) else file)


def _check(attachments: Iterable[Attachment], model: str, backend: Backend) -> None:
    """See to it that the model takes such things at all, before anything is sent."""
    for attachment in attachments:
        if isinstance(attachment, Picture) and not sees(model, backend):
            raise ContextError(
                f"{model} sees no images, and {attachment.label} is one: choose a model that does, "
                "with -m, or send the numbers behind it."
            )
        if isinstance(attachment, Document) and not backend.files:
            raise ContextError(
                f"{backend.title} takes no files like {attachment.label}: send its text instead."
            )


def sees(model: str, backend: Backend) -> bool:
    """
    Whether a model takes images, as far as one can know.

    >>> from codex_magic.api.backends import OPENAI
    >>> sees("gpt-5.4-mini", OPENAI), sees("gpt-oss-20b", OPENAI)
    (True, False)
    """
    if backend is LOCAL or backend.vision is not None:
        return bool(backend.vision)
    return not model.rpartition("/")[2].lower().startswith(_BLIND)


def _prepared(
    attachment: Attachment, detail: str, model: str, backend: Backend, fetch: Fetch | None
) -> Attachment:
    if not isinstance(attachment, Picture):
        return attachment
    from .context import figures

    if attachment.url and not backend.image_urls and fetch is not None:
        attachment = figures.fetched(attachment, lambda address: fetch(address)[0])
    return figures.prepare(attachment, detail, model)


class _Cleaner:
    """Takes secrets out of texts and keeps what stands in their places."""

    def __init__(self, redactor: Redactor | None) -> None:
        self._redactor = redactor
        self._named = redactor.named() if redactor else {}
        self.placeholders: set[str] = set()

    def __call__(self, text: str) -> str:
        if self._redactor is None:
            return text
        cleaned, count = self._redactor.redact(text, self._named)
        if count:
            before = set(_PLACEHOLDER.findall(text))
            self.placeholders |= set(_PLACEHOLDER.findall(cleaned)) - before
        return cleaned

    def attachment(self, attachment: Attachment) -> Attachment:
        """Return an attachment without secrets, in its text and in its name."""
        label = self(attachment.label)
        if isinstance(attachment, Piece):
            return replace(attachment, label=label, text=self(attachment.text))
        if isinstance(attachment, Document):
            return replace(attachment, label=label, filename=self(attachment.filename))
        return replace(attachment, label=label)


def _words(attachments: Sequence[Attachment], secrets: int) -> str:
    words = ""
    if attachments:
        from .context.gathering import in_words

        words = in_words(attachments)
    if not secrets:
        return words
    replaced = f"{plural(secrets, 'secret')} replaced"
    return f"{words}, {replaced}" if words else replaced
