"""The errors of the service, in the exact words of the real one."""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

KEYS_PAGE = "https://platform.openai.com/account/api-keys"


class ServiceError(Exception):
    """A request that the service refuses; it becomes the HTTP answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | int | None = None,
        param: str | None = None,
        type: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.type = type

    def body(self) -> Json:
        """The error as api.openai.com words it."""
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
            }
        }


def listed(values: Sequence[str]) -> str:
    """
    The values as the service lists them.

    >>> listed(["output_text", "refusal"])
    "'output_text' and 'refusal'"
    >>> listed(["a", "b", "c"])
    "'a', 'b', and 'c'"
    """
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + f", and {quoted[-1]}"


def no_key() -> ServiceError:
    """No Authorization header came."""
    return ServiceError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization "
        "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password "
        "field (with blank username) if you're accessing the API from your browser and are "
        f"prompted for a username and password. You can obtain an API key from {KEYS_PAGE}.",
    )


def wrong_key(key: str) -> ServiceError:
    """The key is not the one that the service demands."""
    masked = key[:6] + "*" * max(len(key) - 10, 3) + key[-4:]
    return ServiceError(
        401,
        f"Incorrect API key provided: {masked}. You can find your API key at {KEYS_PAGE}.",
        code="invalid_api_key",
    )


def no_route(method: str, path: str) -> ServiceError:
    """There is nothing at this address."""
    return ServiceError(404, f"Invalid URL ({method} {path})")


def not_json() -> ServiceError:
    """The body could not be parsed."""
    return ServiceError(
        400,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
        "using your HTTP library correctly. The OpenAI API expects a JSON payload.)",
    )


def unknown_parameter(name: str) -> ServiceError:
    """A field that the API does not have."""
    return ServiceError(400, f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)


def missing_parameter(name: str) -> ServiceError:
    """A field that the API cannot do without."""
    return ServiceError(
        400,
        f"Missing required parameter: '{name}'.",
        code="missing_required_parameter",
        param=name,
    )


def invalid_type(name: str, expected: str, value: object) -> ServiceError:
    """A field with a value of the wrong kind."""
    return ServiceError(
        400,
        f"Invalid type for '{name}': expected {expected}, but got {_kind(value)} instead.",
        code="invalid_type",
        param=name,
    )


def invalid_value(value: object, supported: Sequence[str], param: str) -> ServiceError:
    """A value outside of a closed set."""
    noun = "Supported values are" if len(supported) != 1 else "Value must be"
    return ServiceError(
        400,
        f"Invalid value: '{value}'. {noun}: {listed(supported)}.",
        code="invalid_value",
        param=param,
    )


def invalid_id(value: str, prefix: str, param: str) -> ServiceError:
    """An item id that this service never gave out."""
    return ServiceError(
        400,
        f"Invalid '{param}': '{value}'. Expected an ID that begins with '{prefix}'.",
        code="invalid_value",
        param=param,
    )


def below_minimum(param: str, minimum: int, value: int) -> ServiceError:
    """A number that is too small."""
    return ServiceError(
        400,
        f"Invalid '{param}': integer below minimum value. Expected a value >= {minimum}, "
        f"but got {value} instead.",
        code="integer_below_min_value",
        param=param,
    )


def string_too_long(param: str, maximum: int, length: int) -> ServiceError:
    """A string that is too long."""
    return ServiceError(
        400,
        f"Invalid '{param}': string too long. Expected a string with maximum length {maximum}, "
        f"but got a string with length {length} instead.",
        code="string_above_max_length",
        param=param,
    )


def array_too_long(param: str, maximum: int, length: int) -> ServiceError:
    """A list that is too long."""
    return ServiceError(
        400,
        f"Invalid '{param}': array too long. Expected an array with maximum length {maximum}, "
        f"but got an array with length {length} instead.",
        code="array_above_max_length",
        param=param,
    )


def nothing_to_answer() -> ServiceError:
    """Neither input nor a history that could be continued."""
    return ServiceError(
        400,
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' "
        "must be provided.",
        code="missing_required_parameter",
        param="input",
    )


def model_not_found(model: str) -> ServiceError:
    """A model that was shut down, or that never was."""
    return ServiceError(
        404,
        f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
        param="model",
    )


def unsupported_parameter(name: str) -> ServiceError:
    """A field that this model does not take."""
    return ServiceError(
        400,
        f"Unsupported parameter: '{name}' is not supported with this model.",
        code="unsupported_parameter",
        param=name,
    )


def unsupported_effort(value: object, model: str, supported: Sequence[str]) -> ServiceError:
    """A reasoning effort that this model does not know."""
    return ServiceError(
        400,
        f"Unsupported value: '{value}' is not supported with the '{model}' model. "
        f"Supported values are: {listed(supported)}.",
        code="unsupported_value",
        param="reasoning.effort",
    )


def encrypted_content_unsupported() -> ServiceError:
    """Encrypted reasoning was asked of a model that does not reason."""
    return ServiceError(
        400,
        "Encrypted content is not supported with this model.",
        code="invalid_request_error",
        param="include",
    )


def not_verified() -> ServiceError:
    """Reasoning summaries are for verified organisations."""
    return ServiceError(
        400,
        "Your organization must be verified to generate reasoning summaries. Please go to: "
        "https://platform.openai.com/settings/organization/general and click on Verify "
        "Organization. If you just verified, it can take up to 15 minutes for access to "
        "propagate.",
        code="unsupported_value",
        param="reasoning.summary",
    )


def previous_response_not_found(response_id: str) -> ServiceError:
    """The response to continue from is not stored here."""
    return ServiceError(
        400,
        f"Previous response with id '{response_id}' not found.",
        code="previous_response_not_found",
        param="previous_response_id",
    )


def mutually_exclusive() -> ServiceError:
    """Two histories at once."""
    return ServiceError(
        400,
        "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. "
        "Provide only one of them.",
        code="mutually_exclusive_parameters",
        param="previous_response_id",
    )


def conversation_locked() -> ServiceError:
    """Another turn of the same conversation is still running."""
    return ServiceError(
        400,
        "Another process is currently operating on this conversation. "
        "Please retry in a few seconds.",
        code="conversation_locked",
        param="conversation",
    )


def not_found(kind: str, object_id: str) -> ServiceError:
    """A response, conversation, or item that the service does not hold."""
    return ServiceError(404, f"{kind} with id '{object_id}' not found.")


def item_not_found(item_id: str, *, store: bool) -> ServiceError:
    """An item that was only named, and is not stored here."""
    message = f"Item with id '{item_id}' not found."
    if not store:
        message += (
            " Items are not persisted when `store` is set to false. Try again with `store` "
            "set to true, or remove this item from your input."
        )
    return ServiceError(404, message, param="input")


def without_following(item_id: str) -> ServiceError:
    """Reasoning whose message or call was dropped."""
    return ServiceError(
        400,
        f"Item '{item_id}' of type 'reasoning' was provided without its required following item.",
        param="input",
    )


def without_reasoning(item_id: str, item_type: str, reasoning_id: str) -> ServiceError:
    """A message or call, by its id, whose reasoning was dropped."""
    return ServiceError(
        400,
        f"Item '{item_id}' of type '{item_type}' was provided without its required "
        f"'reasoning' item: '{reasoning_id}'.",
        param="input",
    )


def duplicate_item(item_id: str) -> ServiceError:
    """The same item twice, perhaps once in the stored history."""
    return ServiceError(
        400,
        f"Duplicate item found with id {item_id}. Remove duplicate items from your input "
        "and try again.",
        param="input",
    )


def no_tool_output(kind: str, call_id: str) -> ServiceError:
    """A call that nobody answered."""
    return ServiceError(400, f"No tool output found for {kind} {call_id}.", param="input")


def no_tool_call(kind: str, call_id: str) -> ServiceError:
    """An answer to a call that nobody made."""
    return ServiceError(
        400, f"No tool call found for {kind} output with call_id {call_id}.", param="input"
    )


def invalid_encrypted_content(content: str) -> ServiceError:
    """Reasoning of another organisation, model, or service."""
    shown = content if len(content) < 10 else f"{content[:4]}...{content[-4:]}"
    return ServiceError(
        400,
        f"The encrypted content {shown} could not be verified. "
        "Reason: Encrypted content could not be decrypted or parsed.",
        code="invalid_encrypted_content",
    )


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
