"""What is asked, what is told on the way, and the request that a question becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from ..api.auth import Service
from ..api.calls import Retry
from ..api.events import ResponseStreamEvent
from ..api.fitting import Fitted, fit, wants_json
from ..api.input_checks import says_json
from ..api.items import Json, Response
from ..errors import CodexError
from ..records import dataclass
from .approvals import CallRecord
from .errands import Errand
from .repairs import Experience
from .turns import Conversation, Plan, State, Turn, new_id

if TYPE_CHECKING:
    from ..api.schema import Target, Value  # Few questions have a form; it takes time to import.


@dataclass(frozen=True, slots=True)
class Question:
    """
    What is asked, and how.

    Attributes:
        prompt: As the user wrote it.
        input: The items that it became.
        model: The model to ask.
        params: Further fields of the request, as the API spells them.
        ours: Dotted names of those that the user did not ask for.
        state: Who keeps the conversation.
        store: Whether the service keeps the answer; None is what the state needs.
        successors: Models to ask, best first, where the service has none of that name; empty for
            a model that the user named.
        once: Whether nothing is sent of the conversation, and nothing recorded.
        key: Which cell asks, and which question of the cell's run it is: the answer goes in the
            place of the one before; empty where it is added.
        replaces: Ids of further turns in whose place the answer goes.
        sent: What goes along with it, in words.
        digest: A hash of what is asked; empty where the answer cannot be used again.
        turn_id: What the turn will be called by.
        target: What the answer's text is to become; None for words.
    """

    prompt: str
    input: tuple[Json, ...]
    model: str
    params: Json = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    state: State = "stateless"
    store: bool | None = None
    successors: tuple[str, ...] = ()
    once: bool = False
    key: str = ""
    replaces: tuple[str, ...] = ()
    sent: str = ""
    digest: str = ""
    turn_id: str = field(default_factory=new_id)
    target: Target[Any] | None = None

    @property
    def background(self) -> bool:
        """Whether the service answers it in its own time, and others are asked meanwhile."""
        return bool(self.params.get("background")) and not self.once


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the user should know, in one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A request goes out now; what was shown of an earlier try is void."""

    model: str
    plan: Plan
    # Which round of calls and answers it is, from 1.
    round: int = 1
    # Whether it asks for another answer in the place of the one before, which was not valid.
    corrects: bool = False
    # The request: its history is in the plan.
    body: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """The question is answered, or will not be."""

    turn: Turn
    response: Response | None
    error: CodexError | None = None
    # What a structured answer stands for; None where it is none.
    value: Value[Any] | None = None


Signal = ResponseStreamEvent | Notice | Asking | Retry | CallRecord | Errand[Any] | Ended
Emit = Callable[[Signal], None]


# What a hosted tool found or drew comes only where it is asked for.
_SHOWN = {
    "code_interpreter": "code_interpreter_call.outputs",
    "file_search": "file_search_call.results",
}


def model_for(question: Question, service: Service, experience: Experience) -> str:
    """Return the model that is asked: the successor of a default that the service has retired."""
    if not question.successors:
        return question.model
    return experience.successor.get((service.identity, question.model), question.model)


def plan_for(
    conversation: Conversation,
    question: Question,
    model: str,
    service: Service,
    experience: Experience,
) -> Plan:
    """Return how a question carries the conversation, as far as the service is known."""
    if question.once:
        return Plan("stateless")
    identity = service.identity
    state = "stateless" if identity in experience.forgetful else question.state
    sealed = identity not in experience.unsealing
    return conversation.plan(
        state,
        service.backend,
        model,
        identity,
        sealed=sealed,
        key=question.key,
        replaces=question.replaces,
    )


def request_body(
    question: Question, plan: Plan, model: str, service: Service, experience: Experience
) -> Json:
    """Return the body of a request, without its input; what the service does not take is left out."""
    return fitted_request(question, plan, model, service, experience).body


def fitted_request(
    question: Question, plan: Plan, model: str, service: Service, experience: Experience
) -> Fitted:
    """Return the body of a request, without its input, and what the user should know of it."""
    body: Json = {
        "model": model,
        **question.params,
        "store": stores(question, plan),
        "previous_response_id": plan.previous_response_id,
        "conversation": plan.conversation_id,
    }
    if plan.instructions and ("instructions" in question.ours or not body.get("instructions")):
        body["instructions"] = plan.instructions
    if included := _included(body, plan):
        body.setdefault("include", included)
    body, notices = experience.apply(body, service.identity, model, question.ours)
    said = not wants_json(body) or says_json([*plan.history, *question.input])
    fitted = fit(body, service.backend, ours=question.ours, says_json=said)
    return replace(fitted, notices=(*notices, *fitted.notices))


def _included(body: Json, plan: Plan) -> list[str]:
    """Return what an answer has to hold beside its words, so that it can be sent again and shown."""
    sealed = ["reasoning.encrypted_content"] if plan.state == "stateless" else []
    kinds = {tool.get("type") for tool in body.get("tools") or ()}
    return [*sealed, *(field for kind, field in _SHOWN.items() if kind in kinds)]


def stores(question: Question, plan: Plan) -> bool:
    """Whether the service is to keep the answer."""
    if question.store is not None:
        return question.store
    return plan.state != "stateless"
