"""The settings, as traits, with their defaults: the one table of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from traitlets import Bool, CaselessStrEnum, Enum, Float, Int, TraitError, Unicode
from traitlets.config import Configurable

DEFAULT_MODEL = "gpt-5.1-codex-mini"

# OpenAI retired the default model from its API on 2026-07-23. Where a service does not know it,
# the first of these that it lists takes its place: the one that OpenAI names as successor, then
# models of about its kind and price.
SUCCESSORS = (
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "gpt-6.1-terra",
    "gpt-6-luna",
    "gpt-5.3-codex",
    "gpt-5.4-mini",
    "gpt-5.6",
    "gpt-5.5",
    "gpt-5.4",
    "gpt-5.1",
)

INSTRUCTIONS = (
    "You are an assistant in a Jupyter notebook. Answer in Markdown, briefly. "
    "Put code into fenced blocks that name their language; write Python unless asked otherwise."
)

RERUNS = ("replace", "append")
STATES = ("stateless", "previous_response_id", "conversation")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SUMMARIES = ("auto", "concise", "detailed", "off")
VERBOSITIES = ("low", "medium", "high")
DETAILS = ("auto", "low", "high", "original")
CONTEXTS = ("none", "recent", "above")
MIMES = ("html", "markdown")


class Codex(Configurable):
    """
    The settings of ``%codex``.

    Each can stand in ``ipython_config.py`` as ``c.Codex.model = "…"``, and be changed with
    ``%codex config model=…`` or ``%config Codex.model = "…"``. Keys are no settings: they come
    from the environment, or from the file that ``env_file`` names.
    """

    model = Unicode(DEFAULT_MODEL, help="The model that answers.").tag(config=True)
    backend = Unicode(
        "",
        help="The service: openai, azure, chatgpt, openrouter, litellm, vllm, ollama, lmstudio, "
        "transformers, llama.cpp, local; empty finds one.",
    ).tag(config=True)
    base_url = Unicode("", help="The service's address, as https://host/v1.").tag(config=True)
    env_file = Unicode(
        "",
        help="A file with keys, as .env, that is read beside the environment; empty reads none.",
    ).tag(config=True)
    effort = Enum(
        ("", *EFFORTS),
        "",
        help="Reasoning effort: none, minimal, low, medium, high, xhigh, max; empty: the model's.",
    ).tag(config=True)
    summary = CaselessStrEnum(
        SUMMARIES, "auto", help="Reasoning summary: auto, concise, detailed, off."
    ).tag(config=True)
    verbosity = Enum(
        ("", *VERBOSITIES), "", help="Length of answers: low, medium, high; empty: the model's."
    ).tag(config=True)
    instructions = Unicode(
        INSTRUCTIONS, help="What the model is told before the conversation."
    ).tag(config=True)
    state = CaselessStrEnum(
        STATES,
        "stateless",
        help="Who keeps the conversation: stateless (this kernel), previous_response_id or "
        "conversation (the service, too).",
    ).tag(config=True)
    store = CaselessStrEnum(
        ("auto", "yes", "no"),
        "auto",
        help="Whether the service keeps answers: auto is what the state mode needs.",
    ).tag(config=True)
    detail = CaselessStrEnum(
        DETAILS, "auto", help="How closely images are seen: auto, low, high, original."
    ).tag(config=True)
    context = CaselessStrEnum(
        CONTEXTS,
        "none",
        help="Which cells go along without being named: none, recent, above.",
    ).tag(config=True)
    context_budget = Int(
        0, min=0, help="Tokens that may go along with a question; 0: half the model's window."
    ).tag(config=True)
    redact = Bool(True, help="Whether secrets in what is sent are replaced by placeholders.").tag(
        config=True
    )
    rerun = CaselessStrEnum(
        RERUNS,
        "replace",
        help="What a cell that runs again does to its turn: replace or append.",
    ).tag(config=True)
    persist = Bool(
        True, help="Whether conversations are kept on disk, in the user's data directory."
    ).tag(config=True)
    data_dir = Unicode(
        "", help="The folder that they are kept in; empty: the user's data directory."
    ).tag(config=True)
    store_mb = Int(512, min=1, help="How many MB of them are kept, at most.").tag(config=True)
    mime = CaselessStrEnum(
        MIMES,
        "html",
        help="The form of answers: html; or markdown, for formulas and colours in VS Code and Colab.",
    ).tag(config=True)
    max_retries = Int(2, min=0, help="Tries after a request that failed in passing.").tag(
        config=True
    )
    timeout = Float(
        600.0, min=0.1, help="Seconds of silence after which the service counts as gone."
    ).tag(config=True)
    budget = Float(
        0.0, min=0, help="Dollars, by estimate, that a month may cost; 0: no limit."
    ).tag(config=True)
    budget_tokens = Int(0, min=0, help="Tokens that a month may take; 0: no limit.").tag(
        config=True
    )
    log = Unicode(
        "", help="A file that every request and answer is written to, without secrets; empty: none."
    ).tag(config=True)
    local = Bool(
        True, help="Whether the embedded model answers where there is no key for a service."
    ).tag(config=True)

    def assign(self, name: str, text: str) -> None:
        """
        Change a setting from text, as ``%codex config name=text`` has it.

        Raises:
            ConfigError: There is no such setting, or it cannot have this value.
        """
        from .errors import ConfigError  # Twenty classes: not while loading.

        traits = self.traits(config=True)
        if name not in traits:
            near = _near(name, traits)
            hint = f"Did you mean {near}?" if near else f"Known: {', '.join(sorted(traits))}."
            raise ConfigError(f"{name!r} is no setting. {hint}")
        try:
            setattr(self, name, traits[name].from_string(text))
        except (TraitError, ValueError) as error:
            raise ConfigError(f"{name} = {text!r}: it takes {self.valid(name, text)}.") from error

    def valid(self, name: str, text: str = "") -> str:
        """
        Return the values that a setting takes, in words.

        Args:
            name: The setting.
            text: What was meant to be one of them; the nearest is named.
        """
        trait = self.traits(config=True)[name]
        if values := getattr(trait, "values", None):
            near = _near(text, [value for value in values if value])
            hint = f" (did you mean {near}?)" if near else ""
            return ", ".join(value or "''" for value in values) + hint
        if isinstance(trait, Bool):
            return "True, False"
        if isinstance(trait, Int | Float):
            kind = "a whole number" if isinstance(trait, Int) else "a number"
            return kind if trait.min is None else f"{kind}, {trait.min:g} or more"
        return "text"

    def rows(self) -> list[tuple[str, Any, Any, str]]:
        """Return name, value, default and meaning of every setting."""
        return [
            (name, getattr(self, name), trait.default(self), str(trait.help))
            for name, trait in sorted(self.traits(config=True).items())
        ]


def _near(word: str, known: Iterable[str]) -> str:
    """Return which of the known words was meant; empty where none is near."""
    import difflib  # Only for a slip.

    return next(iter(difflib.get_close_matches(word.lower(), list(known), 1)), "")
