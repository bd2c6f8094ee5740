"""What api.openai.com demands of the fields of a request, whatever is stored."""

import re
from collections.abc import Mapping, Sequence

from . import errors
from .errors import Json
from .items import check_items
from .schemas import check_schema, check_tool_schema

FIELDS = frozenset(
    {
        "model",
        "input",
        "instructions",
        "stream",
        "stream_options",
        "store",
        "previous_response_id",
        "conversation",
        "max_output_tokens",
        "max_tool_calls",
        "temperature",
        "top_p",
        "top_logprobs",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "include",
        "truncation",
        "context_management",
        "metadata",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prompt_cache_options",
        "safety_identifier",
        "user",
        "service_tier",
        "background",
        "background_options",
        "moderation",
        "image",
        "access_programs",
    }
)
REASONING_FIELDS = frozenset({"effort", "summary", "generate_summary", "context", "mode"})
TEXT_FIELDS = frozenset({"format", "verbosity"})
SUMMARIES = ("auto", "concise", "detailed")
TIERS = ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
INCLUDES = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
BOOLEANS = ("stream", "store", "parallel_tool_calls", "background")
STRINGS = ("instructions", "previous_response_id", "prompt_cache_key", "safety_identifier", "user")
TOOL_CHOICES = ("none", "auto", "required")
MINIMUM_OUTPUT_TOKENS = 16

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def check_body(body: Json) -> None:
    """Refuse a body of POST /responses that breaks the published schema."""
    for name in body:
        if name not in FIELDS:
            raise errors.unknown_parameter(name)
    if not isinstance(body.get("model"), str):
        raise errors.missing_parameter("model")
    _check_kinds(body)
    _check_input(body)
    _check_numbers(body)
    _check_choices(body)
    _check_metadata(body.get("metadata"))
    _check_tools(body)
    _check_text(body.get("text"))


def _check_kinds(body: Json) -> None:
    for name in BOOLEANS:
        if not isinstance(body.get(name), bool | None):
            raise errors.invalid_type(name, "a boolean", body[name])
    for name in STRINGS:
        if not isinstance(body.get(name), str | None):
            raise errors.invalid_type(name, "a string", body[name])
    if body.get("stream_options") is not None and not body.get("stream"):
        raise errors.ServiceError(
            400,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    if body.get("previous_response_id") and body.get("conversation"):
        raise errors.mutually_exclusive()


def _check_input(body: Json) -> None:
    given = body.get("input")
    if not given and (given is None or isinstance(given, str | list)):
        if not (body.get("previous_response_id") or body.get("conversation")):
            raise errors.nothing_to_answer()
        return
    if isinstance(given, list):
        check_items(given)
    elif not isinstance(given, str):
        raise errors.invalid_type("input", "one of a string or array of input items", given)


def _check_numbers(body: Json) -> None:
    for name in ("max_output_tokens", "max_tool_calls", "temperature", "top_p", "top_logprobs"):
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise errors.invalid_type(name, "a number", value)
    limit = body.get("max_output_tokens")
    if limit is not None and limit < MINIMUM_OUTPUT_TOKENS:
        raise errors.below_minimum("max_output_tokens", MINIMUM_OUTPUT_TOKENS, limit)


def _check_choices(body: Json) -> None:
    for value in body.get("include") or []:
        if value not in INCLUDES:
            raise errors.invalid_value(value, INCLUDES, "include")
    tier = body.get("service_tier")
    if tier is not None and tier not in TIERS:
        raise errors.invalid_value(tier, TIERS, "service_tier")
    reasoning = _object(body.get("reasoning"), "reasoning", REASONING_FIELDS)
    summary = reasoning.get("summary")
    if summary is not None and summary not in SUMMARIES:
        raise errors.invalid_value(summary, SUMMARIES, "reasoning.summary")


def _check_metadata(metadata: object) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict):
        raise errors.invalid_type("metadata", "an object", metadata)
    if len(metadata) > 16:
        raise errors.array_too_long("metadata", 16, len(metadata))
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise errors.invalid_type(f"metadata.{key}", "a string", value)


def _check_tools(body: Json) -> None:
    tools = body.get("tools") or []
    for index, tool in enumerate(tools):
        if not isinstance(tool, dict):
            raise errors.invalid_type(f"tools[{index}]", "an object", tool)
        if "type" not in tool:
            raise errors.missing_parameter(f"tools[{index}].type")
        if tool["type"] == "function":
            _check_function(tool, f"tools[{index}]")
    _check_tool_choice(body.get("tool_choice"), tools)


def _check_function(tool: Json, where: str) -> None:
    name = tool.get("name")
    if not name:
        raise errors.missing_parameter(f"{where}.name")
    if not _TOOL_NAME.match(name):
        raise errors.ServiceError(
            400,
            f"Invalid '{where}.name': string does not match pattern. Expected a string that "
            "matches the pattern '^[a-zA-Z0-9_-]+$'.",
            code="invalid_value",
            param=f"{where}.name",
        )
    allowed = {"type", "name", "description", "parameters", "strict", "output_schema"}
    for key in tool:
        if key not in allowed | {"defer_loading", "allowed_callers", "async"}:
            raise errors.unknown_parameter(f"{where}.{key}")
    check_tool_schema(tool, f"{where}.parameters")


def _check_tool_choice(choice: object, tools: Sequence[Json]) -> None:
    if choice is None:
        return
    if isinstance(choice, str):
        if choice not in TOOL_CHOICES:
            raise errors.invalid_value(choice, TOOL_CHOICES, "tool_choice")
        if choice == "required" and not tools:
            raise _choice_error("Tool choice 'required' must be specified with 'tools' parameter.")
        return
    if not isinstance(choice, dict):
        raise errors.invalid_type("tool_choice", "one of a string or an object", choice)
    if choice.get("type") == "function":
        if "name" not in choice:
            raise errors.missing_parameter("tool_choice.name")
        if choice["name"] not in [tool.get("name") for tool in tools]:
            raise _choice_error("Tool choice 'function' not found in 'tools' parameter.")


def _choice_error(message: str) -> errors.ServiceError:
    return errors.ServiceError(400, message, param="tool_choice")


def _check_text(text: object) -> None:
    settings = _object(text, "text", TEXT_FIELDS)
    layout = settings.get("format")
    if not isinstance(layout, dict) or layout.get("type") != "json_schema":
        return
    for name in ("name", "schema"):
        if name not in layout:
            raise errors.missing_parameter(f"text.format.{name}")
    if layout.get("strict"):
        check_schema(
            layout["schema"],
            f"Invalid schema for response_format '{layout['name']}'",
            code="invalid_json_schema",
            param="text.format.schema",
        )


def _object(value: object, name: str, known: frozenset[str]) -> Mapping[str, object]:
    """The object under this name, with known fields only; nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.invalid_type(name, "an object", value)
    for key in value:
        if key not in known:
            raise errors.unknown_parameter(f"{name}.{key}")
    return value
