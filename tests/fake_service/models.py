"""The models that the service serves, and what each of them takes."""

from collections.abc import Iterable, Sequence

from . import errors
from .errors import Json

OLD = ("none", "low", "medium", "high")
CURRENT = ("none", "low", "medium", "high", "xhigh", "max")

# Reasoning efforts by model; the rest of an entry of GET /models is in LIVE.
EFFORTS = {
    "gpt-5.1": OLD,
    "gpt-5.2": (*OLD, "xhigh"),
    "gpt-5.3-codex": ("low", "medium", "high", "xhigh"),
    "gpt-5.4": (*OLD, "xhigh"),
    "gpt-5.4-mini": (*OLD, "xhigh"),
}
LIVE: Sequence[tuple[str, int, str | None]] = (
    ("gpt-4.1", 1744316542, None),
    ("gpt-5.1", 1762800673, "2027-04-01"),
    ("gpt-5.2", 1765313051, None),
    ("gpt-5.3-codex", 1770307461, "2027-04-01"),
    ("gpt-5.4", 1772654062, None),
    ("gpt-5.4-mini", 1773451123, None),
    ("gpt-5.6-luna", 1783900800, None),
    ("gpt-5.6-sol", 1783900800, None),
    ("gpt-5.6-terra", 1783900800, None),
    ("gpt-6-luna", 1790812800, None),
)
PLAIN = frozenset({"gpt-4.1"})


def live_models(models: Iterable[str | Json] | None, owner: str = "system") -> dict[str, Json]:
    """The list of GET /models by id: the given models, or the live ones."""
    if models is None:
        return {name: _entry(name, created, ends, owner) for name, created, ends in LIVE}
    entries = [_entry(m, 1783900800, None, owner) if isinstance(m, str) else m for m in models]
    return {entry["id"]: entry for entry in entries}


def check_model(
    body: Json, models: dict[str, Json], plain: Iterable[str], *, verified: bool
) -> None:
    """Refuse a model that is not served, or a parameter that it does not take."""
    name = body.get("model")
    if name not in models:
        raise errors.model_not_found(str(name))
    if name in plain:
        _check_plain(body)
        return
    for parameter in ("temperature", "top_p"):
        if body.get(parameter) is not None:
            raise errors.unsupported_parameter(parameter)
    reasoning = body.get("reasoning") or {}
    effort = reasoning.get("effort")
    if effort is not None and effort not in EFFORTS.get(name, CURRENT):
        raise errors.unsupported_effort(effort, name, EFFORTS.get(name, CURRENT))
    if reasoning.get("summary") is not None and not verified:
        raise errors.not_verified()


def _check_plain(body: Json) -> None:
    for name, value in (body.get("reasoning") or {}).items():
        if value is not None:
            raise errors.unsupported_parameter(f"reasoning.{name}")
    if "reasoning.encrypted_content" in (body.get("include") or []):
        raise errors.encrypted_content_unsupported()


def _entry(name: str, created: int, shutdown_date: str | None, owner: str) -> Json:
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": owner,
        "shutdown_date": shutdown_date,
    }
