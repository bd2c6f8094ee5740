"""Secrets that only the words around them give away: assignments, headers, addresses, key blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..patterns import late
from .secret_forms import Span, made_up
from .secret_names import SHORTEST, kind, plausible

_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_LONGEST_NAME = 64
# The rest of a name, its closing quote or bracket, and an operator.
_ASSIGNMENT = late(
    r"""
    (?P<rest>[\w-]{3,40}+) (?P<closed>\\{0,3}["'`])? (?:[ ]?\])?
    (?P<op>
        [ \t]{0,8} :[ ]{0,3} [A-Za-z][\w.\[\]|, ]{0,40}? [ ]{0,3} =(?!=)
        | [ \t]{0,8} (?: :=|=>|[!=]?={1,2}|:|, ) [ \t]{0,8}
        | [ \t]{1,2}
    )
    [ \t]{0,4}
    """,
    re.VERBOSE | re.ASCII,
)
_VALUE = late(
    r"""
    (?:
        [rbfuRBFU]{0,2} \\{0,3} (?: "(?P<double>[^"\s\\]{8,8192}+) | '(?P<single>[^'\s\\]{8,8192}+) ) \\{0,3}["']
        | (?P<bare>[^\s"'`,;&()\[\]{}<>|\\]{8,8192}+) (?P<after>[^\n]?)
    )
    """,
    re.VERBOSE | re.ASCII,
)
# host=db password=… dbname=sales
_NEXT_SETTING = late(r"\w{2,20}=[\w/]", re.ASCII)
_CODE = late(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_LINE_START = late(
    r"(?:\A|[\n\r]|\\n)[ \t]*(?:-[ ]|export[ ]|set[ ]|ENV[ ]|%env[ ]|%set_env[ ])?[ \t]*$"
)
_OPTION = late(r"(?:--[\w-]*|%(?:set_)?env[ ]\w*)$", re.ASCII)
_LOGIN = late(r"""key\s?=\s?["']([0-9a-f]{40}|[A-Za-z0-9]{86})["']""")
_BEARER = late(r"""\w{5,6}\\{0,2}["']?[ \t:,]{1,3}\\{0,2}["']?([\w.~+/=-]{16,}+)""", re.ASCII)
_HEADER = late(
    r"""\w{12,13}\\{0,2}["']?\]?[ ]{0,3}[:=,][ ]{0,3}\\{0,2}["']?(?P<scheme>[A-Za-z]{3,12}[ ])?(?P<value>[\w.~+/=-]{8,}+)""",
    re.ASCII,
)
_USER = late(
    r"""://(?P<user>[^\s:@/?\#"'<>\\]{0,100}+):(?P<password>[^\s@/"'<>\\]{3,200}+)@[\w\[{%.-]""",
    re.ASCII,
)
_HOOKS = late(
    r"://(?:hooks\.slack\.com/(?:services|workflows|triggers)/([\w/+]{20,}+)"
    r"|(?:\w{1,10}\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/([0-9]{15,20}/[\w-]{50,}+)"
    r"|[\w-]{1,60}\.webhook\.office\.com/([\w@/-]{60,}+)"
    r"|[0-9a-f]{32}(?::[0-9a-f]{32})?@[\w.]{0,40}sentry\.io/)",
    re.ASCII,
)
_SIGNATURE = late(r"(?:sig|signature)=([A-Za-z0-9%+/=_-]{30,}+)", re.IGNORECASE)
_CURL = late(r"""-u[ =]?["']?[\w.@+-]{1,60}:([^\s"'$\[]{6,200}+)""", re.ASCII)
_ACCESS_SECRET = late(
    r"(?<![A-Za-z0-9/+=_-])(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9])"
    r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)
_BLOCK = late(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_BLOCK_END = late(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# A block without its end was cut: what may still belong to it.
_BLOCK_BODY = late(r"(?:[\s+/=:,A-Za-z0-9\"'.()-]|\\[nrt]){0,20000}+")
_BLOCK_CONTENT = late(r"[A-Za-z0-9+/]{16}")
_LONGEST_BLOCK = 20_000

_STAND_IN = late(r"[{}<>$*]|\.\.\.|\A%|x{3}", re.IGNORECASE)
_PASSWORD_WORDS = frozenset(
    ["password", "passwd", "pass", "pwd", "secret", "user", "username", "token", "mypassword", "pw"]
)


def surrounded(text: str, folded: bytes, found: list[Span]) -> Iterator[Span]:
    """
    Find the secrets that what stands around them gives away.

    A reader returns a span without a label for what it has read and found to be no secret.

    Args:
        text: Where to look.
        folded: The text in small letters, one byte a character.
        found: The tokens that are known already.
    """
    for needle, read in _NEEDLES:
        at, start = folded.find(needle), 0
        while at >= 0:
            span = read(text, at) if at >= start else None
            if span is not None:
                start = span.end
                if span.label:
                    yield span
            at = folded.find(needle, at + len(needle))
    for span in found:
        if span.label == "AWS access key id":
            yield from _access_secret(text, span)


def _assignment(text: str, at: int) -> Span | None:
    """Read ``name = "value"`` and its relatives, where a telling part of the name is at ``at``."""
    match = _ASSIGNMENT.match(text, at)
    if match is None:
        return None
    head = text[max(0, at - _LONGEST_NAME) : at]
    before = head.rstrip(_NAME_CHARACTERS)
    called = kind(head[len(before) :] + match["rest"])
    op = match["op"].strip()
    # Words in a row are a name and its value in a command, strings in a row only in a call.
    if not called or (not op and not _OPTION.search(head)) or (op == "," and not match["closed"]):
        return None
    value = _VALUE.match(text, match.end())
    if value is None:
        return None
    group = next(name for name in ("double", "single", "bare") if value[name])
    start, end = value.span(group)
    accepted = group != "bare" or (op != "," and _bare(match, value, head, called))
    if not accepted or not plausible(called, value[group]):
        # A value that is no secret has none in its middle.
        return Span(start, end, "", "")
    return Span(start, end, called, value[group], learnt=True)


def _bare(name: re.Match[str], found: re.Match[str], head: str, called: str) -> bool:
    """Say whether a value without quotes is one, and not the name of something in code."""
    value, op, after = found["bare"], name["op"], found["after"]
    if after in ("(", "[") or (name["closed"] and op.strip() != ":"):
        return False
    digit = any(map(str.isdigit, value))
    letter = any(map(str.isalpha, value))
    chance = len(value) >= 16 and digit and letter
    if _LINE_START.search(head.rstrip(_NAME_CHARACTERS)) and after in ("", "\r", "\\"):
        if op == "=":
            return digit or not value.isalnum() or head.isupper()
        if op.strip() == ":" and called == "password":
            return digit
    if _CODE.fullmatch(value) and not chance:
        in_list = (
            called == "password" and op == "=" and _NEXT_SETTING.match(name.string, found.end())
        )
        return after == ";" or op.isspace() or (digit and in_list is not None)
    return digit and letter


def _login(text: str, at: int) -> Span | None:
    """Read the key of ``wandb.login(key="…")``."""
    match = _LOGIN.match(text, at)
    if match is None or "login" not in text[max(0, at - 60) : at]:
        return _assignment(text, at)
    return Span(match.start(1), match.end(1), "key", match[1], learnt=True)


def _bearer(text: str, at: int) -> Span | None:
    match = _BEARER.match(text, at)
    if match is None:
        return None
    label = "bearer token" if plausible("token", match[1]) else ""
    return Span(match.start(1), match.end(1), label, match[1])


def _header(text: str, at: int) -> Span | None:
    match = _HEADER.match(text, at)
    if match is None:
        return None
    basic = (match["scheme"] or "").strip().lower() == "basic"
    label = "authorization" if plausible("password" if basic else "token", match["value"]) else ""
    return Span(match.start("value"), match.end("value"), label, match["value"])


def _address(text: str, at: int) -> Span | None:
    """Read the password, or the secret path, of an address whose ``://`` is at ``at``."""
    if hook := _HOOKS.match(text, at):
        group = hook.lastindex
        start, end = hook.span(group) if group else (at + 3, hook.end())
        return Span(start, end, "webhook address", text[start:end])
    match = _USER.match(text, at)
    if match is None:
        return None
    user, password = match["user"], match["password"]
    if password.lower() in _PASSWORD_WORDS or password == user or _STAND_IN.search(password):
        return None
    if len(password) >= SHORTEST and made_up(password):
        return None
    return Span(match.start("password"), match.end("password"), "password", password, learnt=True)


def _signature(text: str, at: int) -> Span | None:
    match = _SIGNATURE.match(text, at)
    if match is None or text[max(0, at - 1) : at].isalnum():
        return None
    label = "" if made_up(match[1]) else "signature"
    return Span(match.start(1), match.end(1), label, match[1])


def _curl(text: str, at: int) -> Span | None:
    match = _CURL.match(text, at)
    if match is None or "curl" not in text[max(0, at - 300) : at]:
        return None
    if match[1].lower() in _PASSWORD_WORDS or made_up(match[1]):
        return None
    return Span(match.start(1), match.end(1), "password", match[1], learnt=True)


def _block(text: str, at: int) -> Span | None:
    """Read a private key, to its end or as far as it goes."""
    begin = _BLOCK.match(text, at)
    if begin is None:
        return None
    last = begin.end() + _LONGEST_BLOCK
    dashes = text.find("-----", begin.end(), last)
    closing = _BLOCK_END.match(text, dashes) if dashes >= 0 else None
    if closing is None:
        body = _BLOCK_BODY.match(text, begin.end(), dashes if dashes >= 0 else last)
        end = body.end() if body else begin.end()
    else:
        end = closing.end()
    if not _BLOCK_CONTENT.search(text, begin.end(), end):
        return None
    return Span(at, end, "private key", text[at:end])


def _access_secret(text: str, key_id: Span) -> Iterator[Span]:
    """Find what stands beside the id of an AWS key and has the shape of its secret."""
    for start, end in ((key_id.start - 200, key_id.start), (key_id.end, key_id.end + 200)):
        for match in _ACCESS_SECRET.finditer(text, max(0, start), end):
            if not made_up(match[0]):
                yield Span(match.start(), match.end(), "AWS secret key", match[0], learnt=True)


_NEEDLES: tuple[tuple[bytes, Callable[[str, int], Span | None]], ...] = (
    *((name, _assignment) for name in (b"passw", b"passp", b"pwd", b"_pass", b"secret", b"token")),
    *((name, _assignment) for name in (b"credential", b"creds", b"jwt")),
    (b"key", _login),
    (b"bearer", _bearer),
    (b"authorization", _header),
    (b"://", _address),
    (b"sig=", _signature),
    (b"signature=", _signature),
    (b"-u", _curl),
    (b"-----begin", _block),
)
