"""What api.openai.com demands of each input item by itself."""

import base64
import binascii
from dataclasses import dataclass

from . import errors
from .errors import Json

ROLES = ("assistant", "system", "developer", "user")
MAX_ID = 64
MAX_OUTPUT = 10_485_760
DETAILS = ("auto", "low", "high", "original")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")


@dataclass(frozen=True, slots=True)
class ItemRule:
    """The fields of one type of item."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    id_prefix: str | None = None
    closed: bool = True


RULES = {
    "message": ItemRule(("role", "content"), ("id", "status", "phase"), "msg"),
    "function_call": ItemRule(
        ("call_id", "name", "arguments"), ("id", "status", "namespace", "caller"), "fc"
    ),
    "function_call_output": ItemRule(
        ("call_id", "output"), ("id", "status", "name", "namespace"), "fc"
    ),
    "reasoning": ItemRule(("id", "summary"), ("encrypted_content", "content", "status"), "rs"),
    "custom_tool_call": ItemRule(
        ("call_id", "name", "input"), ("id", "status", "namespace", "caller"), "ctc"
    ),
    "custom_tool_call_output": ItemRule(("call_id", "output"), ("id", "status")),
    "item_reference": ItemRule(("id",)),
    "compaction": ItemRule(("encrypted_content",), ("id", "created_by")),
    "compaction_trigger": ItemRule(),
    "configuration_update": ItemRule((), ("reasoning", "text")),
    "web_search_call": ItemRule(("id", "status", "action"), (), "ws"),
    "file_search_call": ItemRule(("id", "queries", "status"), ("results",), "fs"),
    "code_interpreter_call": ItemRule(
        ("id", "code", "container_id", "outputs", "status"), (), "ci"
    ),
    "image_generation_call": ItemRule(("id", "result", "status"), (), "ig", closed=False),
    "mcp_list_tools": ItemRule(("id", "server_label", "tools"), ("error",), "mcpl"),
    "mcp_call": ItemRule(
        ("id", "server_label", "name", "arguments"),
        ("output", "error", "status", "approval_request_id"),
        "mcp",
    ),
    "mcp_approval_request": ItemRule(("id", "server_label", "name", "arguments"), (), "mcpr"),
    "mcp_approval_response": ItemRule(("approval_request_id", "approve"), ("id", "reason")),
}
PARTS = {
    "input_text": ("text",),
    "input_image": ("detail", "image_url", "file_id"),
    "input_file": ("file_id", "file_url", "file_data", "filename", "detail"),
    "output_text": ("text", "annotations", "logprobs"),
    "refusal": ("refusal",),
}
ASSISTANT_PARTS = ("output_text", "refusal")
OTHER_PARTS = ("input_text", "input_image", "input_file")


def check_items(items: list[Json]) -> None:
    """Refuse a list of input items of which one is malformed."""
    for index, item in enumerate(items):
        _check_item(item, f"input[{index}]")


def item_type(item: Json) -> str:
    """The type of an item, which a message and a reference may leave out."""
    if "type" not in item and "role" not in item and set(item) == {"id"}:
        return "item_reference"
    return str(item.get("type", "message"))


def _check_item(item: object, where: str) -> None:
    if not isinstance(item, dict):
        raise errors.invalid_type(where, "an input item", item)
    kind = item_type(item)
    rule = RULES.get(kind)
    if rule is None:
        raise errors.invalid_value(kind, sorted(RULES), where)
    _check_fields(item, rule, where)
    _check_id(item, rule, where)
    match kind:
        case "message":
            _check_message(item, where)
        case "reasoning":
            _check_reasoning(item, where)
        case "function_call":
            _check_call(item, where)
        case "function_call_output":
            _check_output(item, where)


def _check_fields(item: Json, rule: ItemRule, where: str) -> None:
    for name in rule.required:
        if name not in item:
            raise errors.missing_parameter(f"{where}.{name}")
    known = {"type", *rule.required, *rule.optional}
    for name in item:
        if rule.closed and name not in known:
            raise errors.unknown_parameter(f"{where}.{name}")


def _check_id(item: Json, rule: ItemRule, where: str) -> None:
    item_id = item.get("id")
    if item_id is None:
        return
    if not isinstance(item_id, str):
        raise errors.invalid_type(f"{where}.id", "a string", item_id)
    if rule.id_prefix is not None and not item_id.startswith(rule.id_prefix):
        raise errors.invalid_id(item_id, rule.id_prefix, f"{where}.id")
    if len(item_id) > MAX_ID:
        raise errors.string_too_long(f"{where}.id", MAX_ID, len(item_id))


def _check_message(item: Json, where: str) -> None:
    role = item["role"]
    if role not in ROLES:
        raise errors.invalid_value(role, ROLES, f"{where}.role")
    content = item["content"]
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise errors.invalid_type(
            f"{where}.content", "one of an array of objects or string", content
        )
    allowed = ASSISTANT_PARTS if role == "assistant" else OTHER_PARTS
    for index, part in enumerate(content):
        _check_part(part, allowed, f"{where}.content[{index}]")


def _check_part(part: object, allowed: tuple[str, ...], where: str) -> None:
    if not isinstance(part, dict):
        raise errors.invalid_type(where, "an object", part)
    kind = part.get("type")
    if kind not in allowed:
        raise errors.invalid_value(kind, allowed, where)
    for name in part:
        if name not in ("type", "prompt_cache_breakpoint", *PARTS[kind]):
            raise errors.unknown_parameter(f"{where}.{name}")
    for name in ("text", "refusal"):
        if name in PARTS[kind] and not isinstance(part.get(name), str):
            raise errors.invalid_type(f"{where}.{name}", "a string", part.get(name))
    if kind == "input_image":
        _check_image(part, where)


def _check_image(part: Json, where: str) -> None:
    if part.get("detail") is not None and part["detail"] not in DETAILS:
        raise errors.invalid_value(part["detail"], DETAILS, f"{where}.detail")
    url = part.get("image_url")
    if url is None:
        if part.get("file_id") is None:
            raise errors.missing_parameter(f"{where}.image_url")
        return
    if not isinstance(url, str):
        # Chat Completions nests the address in an object.
        raise errors.invalid_type(f"{where}.image_url", "an image URL", url)
    if not url.startswith("data:"):
        if not url.startswith(("https://", "http://")):
            raise _image_error("invalid_image_url", "not a valid URL", where)
        return
    media_type, _, encoded = url.removeprefix("data:").partition(";base64,")
    if media_type not in IMAGE_TYPES:
        raise _image_error("unsupported_image_media_type", f"{media_type!r} is no image", where)
    try:
        if not base64.b64decode(encoded, validate=True):
            raise _image_error("empty_image_file", "the image is empty", where)
    except binascii.Error:
        raise _image_error("invalid_base64_image", "the base64 is invalid", where) from None


def _image_error(code: str, reason: str, where: str) -> errors.ServiceError:
    return errors.ServiceError(
        400, f"Invalid '{where}.image_url': {reason}.", code=code, param=f"{where}.image_url"
    )


def _check_reasoning(item: Json, where: str) -> None:
    if not isinstance(item["summary"], list):
        raise errors.invalid_type(f"{where}.summary", "an array of objects", item["summary"])
    content = item.get("content")
    if content:
        raise errors.array_too_long(f"{where}.content", 0, len(content))


def _check_call(item: Json, where: str) -> None:
    if not isinstance(item["arguments"], str):
        raise errors.invalid_type(f"{where}.arguments", "a string", item["arguments"])
    _check_call_id(item["call_id"], where)


def _check_output(item: Json, where: str) -> None:
    _check_call_id(item["call_id"], where)
    output = item["output"]
    if isinstance(output, str):
        if len(output) > MAX_OUTPUT:
            raise errors.string_too_long(f"{where}.output", MAX_OUTPUT, len(output))
        return
    if not isinstance(output, list):
        raise errors.invalid_type(f"{where}.output", "one of an array of objects or string", output)
    for index, part in enumerate(output):
        _check_part(part, OTHER_PARTS, f"{where}.output[{index}]")


def _check_call_id(call_id: object, where: str) -> None:
    if not isinstance(call_id, str) or not call_id:
        raise errors.invalid_type(f"{where}.call_id", "a string", call_id)
    if len(call_id) > MAX_ID:
        raise errors.string_too_long(f"{where}.call_id", MAX_ID, len(call_id))
