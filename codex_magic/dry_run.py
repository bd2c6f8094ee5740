"""``--dry-run`` and ``--debug``: the request that a question would become."""

from __future__ import annotations

from .asking import Options
from .assistant import Assistant, Preview
from .context.budget import encoded_tokens, text_tokens
from .cost import dollars, price
from .display.preview import preview_html, preview_text
from .display.progress import short
from .display.reply import is_notebook
from .display.sanitize import well_formed


def show_request(assistant: Assistant, prompt: str, options: Options) -> None:
    """Show the request that a question would become; the key is no part of it."""
    preview = assistant.preview(prompt, options)
    summary = _in_total(preview)
    text = preview_text(preview.address, preview.body, summary)
    if not is_notebook(assistant.shell):
        print(text)
        return
    question = preview.attached.items()
    page = preview_html(preview.address, preview.body, question, summary)
    bundle = {"text/html": well_formed(page), "text/plain": well_formed(text)}
    assistant.shell.display_pub.publish(bundle, {"codex_magic": {"preview": True}})


def _in_total(preview: Preview) -> str:
    """Return what a request comes to: what goes along, tokens and money, as estimates."""
    attached = preview.attached
    history = sum(map(encoded_tokens, preview.plan.history))
    tokens = attached.tokens + text_tokens(attached.prompt) + history
    tokens += text_tokens(str(preview.body.get("instructions") or ""))
    backend = preview.choice.service.backend.name
    money = dollars(price(preview.choice.model, backend, read=tokens))
    words = ["Nothing is sent", f"≈ {short(tokens)} tokens", money, attached.words]
    lines = [*words, *attached.remarks, preview.choice.notice]
    return " · ".join(filter(None, lines))
