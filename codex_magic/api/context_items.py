"""Items that stand in a conversation beside what was said: messages to the model, references, settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import cast

from ..records import dataclass
from .content import ContentPart, InputText, OutputContent, parse_input_content
from .wire import Json, OtherItem, many, one


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseInputMessageItem(OtherItem):
    """A message to the model, as the service remembers it; ``InputMessage`` sends one."""

    role: str
    content: str | Sequence[ContentPart | OutputContent] = ()
    status: str | None = None
    type: str = "message"

    @property
    def text(self) -> str:
        """The text of all parts."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, InputText))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCompactionItem(OtherItem):
    """The conversation before it, sealed; what is sent from there on starts with it."""

    encrypted_content: str | None = field(default=None, repr=False)
    type: str = "compaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionTrigger(OtherItem):
    """As the last item of a request: compact what comes before."""

    type: str = "compaction_trigger"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseConfigurationUpdateItem(OtherItem):
    """A change of settings in the course of a conversation."""

    reasoning: Json | None = None
    text: Json | None = None
    type: str = "configuration_update"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReference(OtherItem):
    """An item that the service has stored, by its id."""

    type: str = "item_reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalTools(OtherItem):
    """Tools that come in the course of a conversation."""

    tools: Sequence[Json] = ()
    role: str = "developer"
    type: str = "additional_tools"


def parse_input_message(data: Json) -> OtherItem | Json:
    """Return the typed view of a message to the model."""
    return cast(OtherItem | Json, _message(data))


_message = one(ResponseInputMessageItem, content=many(parse_input_content))

CONTEXT_ITEMS = {
    "compaction": one(ResponseCompactionItem),
    "compaction_trigger": one(CompactionTrigger),
    "configuration_update": one(ResponseConfigurationUpdateItem),
    "item_reference": one(ItemReference),
    "additional_tools": one(AdditionalTools),
}
