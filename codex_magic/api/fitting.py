"""
A request's parameters → those that a service takes, by one rule.

What our own defaults added goes without a word. What the user asked for is dropped only with a
notice that names it; what the answer depends on is had in another way, or refused before
anything is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any

from ..errors import InvalidRequestError
from ..records import dataclass
from .backends import Backend
from .items import Json

INSTRUCTIONS = "You are a helpful assistant."
_SAY_JSON = "Answer in JSON."
_ONE_OBJECT = "Answer with one JSON object and nothing else."
# Values that ask for what happens anyway: to leave them out changes nothing.
_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "store": (False,),
    "background": (False,),
    "stream": (False, True),
    "tool_choice": ("auto",),
    "parallel_tool_calls": (True,),
    "service_tier": ("auto", "default"),
    "truncation": ("disabled",),
    "include": ([], ["reasoning.encrypted_content"]),
    "tools": ([],),
    "metadata": ({},),
    "text": ({}, {"format": {"type": "text"}}),
    "text.format": ({"type": "text"},),
}
_STATE = {"previous_response_id": "chains", "conversation": "conversations"}
_OWN_FUNCTIONS = ("function", "custom")


@dataclass(frozen=True, slots=True)
class Fitted:
    """
    What goes to a service.

    Attributes:
        body: The fields of the request.
        dropped: Dotted names of what the user asked for and the service does not take.
        notices: What the user should know, one line each.
        refused: Why nothing can be sent, or None.
    """

    body: Json
    dropped: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    refused: InvalidRequestError | None = None


def fit(
    params: Mapping[str, Any],
    backend: Backend,
    *,
    ours: Collection[str] = (),
    says_json: bool = True,
) -> Fitted:
    """
    Return the parameters as ``backend`` takes them.

    A second fitting changes nothing more.

    Args:
        params: Fields of the request, as JSON, without the input.
        backend: The service.
        ours: Dotted names of fields that the user did not ask for.
        says_json: Whether the input has the word "JSON" in it, which JSON mode wants.
    """
    fitting = _Fitting({k: v for k, v in params.items() if v is not None}, backend, ours)
    try:
        for step in _STEPS:
            step(fitting)
        fitting.say_json(says_json)
    except InvalidRequestError as refused:
        return Fitted(fitting.body, refused=refused)
    return Fitted(fitting.body, tuple(fitting.dropped), tuple(fitting.told()))


@dataclass(slots=True)
class _Fitting:
    """One request on its way to one service."""

    body: Json
    backend: Backend
    ours: Collection[str]
    dropped: dict[str, None] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def told(self) -> list[str]:
        """Return what the user should know."""
        if not self.dropped:
            return self.notices
        names = ", ".join(self.dropped)
        return [f"Left out, as {self.backend.title} does not take it: {names}.", *self.notices]

    def drop(self, path: str) -> None:
        """Leave out a field, and remember it if somebody asked for it."""
        found = value_at(self.body, path)
        if found is None:
            return
        asked = path not in self.ours and path.partition(".")[0] not in self.ours
        if asked and found not in _DEFAULTS.get(path, ()):
            self.dropped[path] = None
        self.body = without(self.body, path)

    def refuse(self, message: str, param: str) -> None:
        """Say why nothing can be sent."""
        raise InvalidRequestError(message, param=param)

    def instruct(self, text: str) -> None:
        """Add to the instructions."""
        said = self.body.get("instructions")
        self.body["instructions"] = f"{said}\n\n{text}" if said else text

    # The steps, in the order of _STEPS.

    def state(self) -> None:
        """Refuse to go on from what a service does not keep."""
        for name, attribute in _STATE.items():
            if self.body.get(name) and getattr(self.backend, attribute) == "no":
                self.refuse(
                    f"{self.backend.title} keeps no answers, so {name} cannot work. "
                    "Send the earlier items in the input instead.",
                    name,
                )

    def background(self) -> None:
        """Refuse what is to go on in the background where nothing can."""
        if not self.body.get("background"):
            return
        if self.backend.background == "no":
            self.refuse(f"{self.backend.title} answers nothing in the background.", "background")
        check_background(self.body, self.backend)
        if self.backend.background == "ignored":
            self.drop("background")

    def schema(self) -> None:
        """Put the form of the answer where the service reads it."""
        form = value_at(self.body, "text.format")
        kind = form.get("type") if isinstance(form, dict) else None
        if not isinstance(form, dict) or kind not in ("json_schema", "json_object"):
            return
        if self.backend.schema_field == "response_format":
            # Few requests have a form, and what is known of forms takes time to import.
            from .schema import chat_format

            self.body = {**without(self.body, "text.format"), "response_format": chat_format(form)}
        elif kind == "json_schema" and self.backend.enforces_schema == "no":
            self._instead(_follow(form.get("schema")), "text.format")
        elif kind == "json_object" and not self.backend.json_mode:
            self._instead(_ONE_OBJECT, "text.format")

    def _instead(self, text: str, path: str) -> None:
        self.body = without(self.body, path)
        self.instruct(text)
        self.notices.append(
            f"{self.backend.title} does not enforce {path}: the instructions ask for it instead."
        )

    def tools(self) -> None:
        """Leave out tools that the service would have to run and cannot."""
        known = self.backend.hosted_tools
        if known is None or not self.body.get("tools"):
            return
        kept = []
        for tool in self.body["tools"]:
            kind = tool.get("type")
            if kind in _OWN_FUNCTIONS or kind in known:
                kept.append(tool)
            else:
                self.dropped[f"tools ({kind})"] = None
        self.body = {**self.body, "tools": kept} if kept else without(self.body, "tools")

    def tool_choice(self) -> None:
        """Say which function to call in the way that the service reads."""
        choice = self.body.get("tool_choice")
        if choice is None:
            return
        if self.backend.tool_choice == "chat":
            named = isinstance(choice, dict) and choice.get("type") == "function"
            if named and "name" in choice:
                form = {"type": "function", "function": {"name": choice["name"]}}
                self.body = {**self.body, "tool_choice": form}
        elif self.backend.tool_choice == "ignored":
            if choice == "none":
                # No tools is what "none" means.
                self.body = without(without(self.body, "tool_choice"), "tools")
            self.drop("tool_choice")

    def tier(self) -> None:
        """Name the tier as the service does."""
        tier, known = self.body.get("service_tier"), self.backend.tiers
        if tier is None or known is None or tier in known:
            return
        if tier in ("fast", "ultrafast") and "priority" in known:
            self.body = {**self.body, "service_tier": "priority"}
        else:
            self.drop("service_tier")

    def fixed(self) -> None:
        """Give fields the one value that the service takes."""
        for name, value in self.backend.fixed.items():
            if self.body.get(name) not in (None, value):
                self.drop(name)
            self.body = {**self.body, name: value}
        if self.backend.needs_instructions and not str(self.body.get("instructions") or "").strip():
            self.body = {**self.body, "instructions": INSTRUCTIONS}

    def fields(self) -> None:
        """Leave out what the service does not know."""
        for path in sorted(self.backend.omits):
            self.drop(path)
        for path in sorted(self.backend.untested & set(self.ours)):
            self.drop(path)
        accepts = self.backend.accepts
        for name in list(self.body) if accepts is not None else ():
            if accepts is not None and name not in accepts:
                self.drop(name)

    def say_json(self, said: bool) -> None:
        """Have the word that JSON mode wants in the instructions, where it is nowhere."""
        if not wants_json(self.body):
            return
        if not said and "json" not in str(self.body.get("instructions") or "").lower():
            self.body = dict(self.body)
            self.instruct(_SAY_JSON)
            self.notices.append(f"JSON mode wants the word: {_SAY_JSON!r} was put in instructions.")


_STEPS: tuple[Callable[[_Fitting], None], ...] = (
    _Fitting.state,
    _Fitting.background,
    _Fitting.schema,
    _Fitting.tools,
    _Fitting.tool_choice,
    _Fitting.tier,
    _Fitting.fixed,
    _Fitting.fields,
)


def check_background(body: Mapping[str, Any], backend: Backend) -> None:
    """
    See to it that a background response is stored, where it is fetched from there.

    Raises:
        InvalidRequestError: It is not to be.
    """
    if backend.background == "stored" and body.get("background") and body.get("store") is False:
        raise InvalidRequestError(
            f"{backend.title} answers in the background only what it may store: "
            "leave out store=False. Nothing was sent.",
            param="background",
        )


def wants_json(body: Mapping[str, Any]) -> bool:
    """Whether a request is in JSON mode."""
    form = value_at(body, "text.format") or body.get("response_format")
    return isinstance(form, Mapping) and form.get("type") == "json_object"


def value_at(body: Mapping[str, Any], path: str) -> Any:
    """
    Return what stands at a dotted path, or None.

    >>> value_at({"reasoning": {"summary": "auto"}}, "reasoning.summary")
    'auto'
    """
    head, _, tail = path.partition(".")
    found = body.get(head)
    if not tail:
        return found
    return found.get(tail) if isinstance(found, Mapping) else None


def without(body: Json, path: str) -> Json:
    """
    Return ``body`` without a dotted field, and without an object that this leaves empty.

    >>> without({"reasoning": {"summary": "auto"}, "model": "m"}, "reasoning.summary")
    {'model': 'm'}
    """
    head, _, tail = path.partition(".")
    if head not in body:
        return body
    if tail and isinstance(body[head], dict):
        inner = {name: value for name, value in body[head].items() if name != tail}
        if inner:
            return {**body, head: inner}
    return {name: value for name, value in body.items() if name != head}


def _follow(schema: Any) -> str:
    text = json.dumps(schema, ensure_ascii=False)
    return (
        "Answer with JSON only: no other words before or after it, and no code fence. "
        f"The JSON has to follow this JSON schema: {text}"
    )
