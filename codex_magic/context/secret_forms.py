"""The published shapes of tokens and keys: what each service's secrets begin with, and go on like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ..patterns import late


class Span(NamedTuple):
    """
    A secret in a text.

    Attributes:
        start: Where it begins.
        end: Where it has ended.
        label: What it is, in two or three words.
        secret: The secret itself, in the form that names it (its text may be encoded).
        learnt: Whether only the words around it say that it is secret.
    """

    start: int
    end: int
    label: str
    secret: str
    learnt: bool = False


# Letters and digits; with _ and -; hexadecimal; base64.
_AN, _URL, _HEX, _B64 = "[A-Za-z0-9]", "[A-Za-z0-9_-]", "[a-fA-F0-9]", "[A-Za-z0-9+/]"
# Sixteen characters in a row with a digit: "sk-toggleable__label-1" has none.
_RANDOM = "(?=[A-Za-z0-9_-]*?(?=[A-Za-z0-9]{16})[A-Za-z]{0,15}[0-9])"
_DIGIT = "(?=[A-Za-z_-]*+[0-9])"
_DISCORD = r"[\w-]{21,26}\.[\w-]{6}\.[\w-]{27,38}"
_JWT = r"[\w-]{10,}+\.(?:eyJ[\w-]{5,}+\.[\w-]*+|[\w-]*+\.[\w-]++\.[\w-]++\.[\w-]++)"

# Label, beginnings, and what follows them. Sources: what gitleaks, detect-secrets, trufflehog and
# GitHub's secret scanning publish, and the services' own pages. Lengths are lower bounds where
# services are known to make longer ones.
FORMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("OpenAI key", ("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"), _DIGIT + _URL + "{20,}+"),
    ("Anthropic key", ("sk-ant-",), _DIGIT + _URL + "{24,}+"),
    ("OpenRouter key", ("sk-or-v1-", "sk-or-"), _AN + "{32,}+"),
    ("Langfuse key", ("sk-lf-",), _HEX + r"{8}-[a-f0-9-]{27}"),
    ("OpenAI key", ("sk-",), _RANDOM + _URL + "{20,}+"),
    ("OpenAI session key", ("sess-",), _AN + "{40}"),
    ("AWS access key id", ("AKIA", "ASIA", "ABIA", "ACCA"), "[A-Z0-9]{16}"),
    ("AWS Bedrock key", ("ABSK",), _B64 + "{60,}+=*+"),
    ("AWS Bedrock key", ("bedrock-api-key-",), _B64 + "{20,}+=*+"),
    ("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), _AN + "{36,}+"),
    ("GitHub token", ("github_pat_",), r"\w{22,}+"),
    (
        "GitLab token",
        (
            "glpat-",
            "gldt-",
            "glrt-",
            "glft-",
            "glsoat-",
            "glptt-",
            "glimt-",
            "glcbt-",
            "gloas-",
            "glagent-",
            "glffct-",
        ),
        r"[\w-]{20,}+(?:\.[0-9a-z]{2}[0-9a-z]{7})?",
    ),
    ("GitLab token", ("GR1348941",), r"[\w-]{20}"),
    (
        "Slack token",
        ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-"),
        _DIGIT + _URL + "{10,}+",
    ),
    ("Slack token", ("xapp-", "xoxe-"), _DIGIT + "[A-Za-z0-9-]{20,}+"),
    ("Slack token", ("xoxe.xox",), "[bp]-[A-Za-z0-9-]{20,}+"),
    (
        "Stripe key",
        ("sk_live_", "rk_live_", "sk_test_", "rk_test_", "sk_prod_", "rk_prod_"),
        _AN + "{10,}+",
    ),
    ("Stripe webhook secret", ("whsec_",), "[A-Za-z0-9+/=]{24,}+"),
    ("Google API key", ("AIza",), r"[\w-]{35}"),
    ("Google key", ("AQ.",), r"A[\w-]{40,}+"),
    ("Google access token", ("ya29.",), r"[\w.-]{20,}+"),
    ("Google client secret", ("GOCSPX-",), r"[\w-]{28}"),
    ("Hugging Face token", ("hf_", "api_org_"), _AN + "{30,}+"),
    ("npm token", ("npm_",), _AN + "{36}"),
    ("PyPI token", ("pypi-Ag", "testpypi-Ag"), r"[\w-]{50,}+"),
    ("SendGrid key", ("SG.",), r"[\w-]{16,32}\.[\w-]{16,64}"),
    ("Brevo key", ("xkeysib-", "xsmtpsib-"), _HEX + "{64}-[A-Za-z0-9]{16}"),
    ("Twilio key", ("SK",), "[0-9a-f]{32}"),
    ("Discord token", ("MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"), _DISCORD),
    ("Databricks token", ("dapi", "dkea", "dose"), "[a-f0-9]{32}(?:-[0-9])?"),
    ("DigitalOcean token", ("dop_v1_", "doo_v1_", "dor_v1_"), "[a-f0-9]{64}"),
    ("Mailgun key", ("key-", "pubkey-"), "[0-9a-z]{32}"),
    ("Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), _HEX + "{32}"),
    ("Square token", ("EAAA", "EAAl"), r"[\w-]{60}"),
    ("Square token", ("sq0atp-", "sq0csp-", "sq0idp-"), r"[\w-]{22,}+"),
    ("Facebook token", ("EAAC", "EAAM", "EAAG", "EAAB"), _AN + "{80,}+"),
    ("New Relic key", ("NRAK-", "NRII-", "NRJS-", "NRAL-", "NRRA-", "NRIQ-"), "[A-Za-z0-9-]{19,}+"),
    ("Notion token", ("ntn_",), _AN + "{40,}+"),
    ("Notion token", ("secret_",), _AN + "{43}"),
    ("Linear key", ("lin_api_", "lin_oauth_"), _AN + "{40,}+"),
    ("Replicate token", ("r8_",), _AN + "{37}"),
    ("Groq key", ("gsk_",), _AN + "{40,}+"),
    ("xAI key", ("xai-",), _DIGIT + _AN + "{60,}+"),
    ("Perplexity key", ("pplx-",), _AN + "{40,}+"),
    ("Fireworks key", ("fw_",), _DIGIT + _AN + "{22,}+"),
    ("Together key", ("tgp_v1_",), r"[\w-]{40,}+"),
    ("Cerebras key", ("csk-",), _DIGIT + _AN + "{40,}+"),
    ("NVIDIA key", ("nvapi-",), r"[\w-]{50,}+"),
    ("LangSmith key", ("lsv2_pt_", "lsv2_sk_"), "[0-9a-f]{32}_[0-9a-f]{10}"),
    ("LangSmith key", ("ls__",), "[0-9a-f]{32}"),
    ("Langfuse key", ("pk-lf-",), _HEX + r"{8}-[a-f0-9-]{27}"),
    ("Pinecone key", ("pcsk_",), r"\w{50,}+"),
    ("Tavily key", ("tvly-",), _DIGIT + r"[\w-]{20,}+"),
    ("Jina key", ("jina_",), r"[\w-]{40,}+"),
    ("Weights & Biases key", ("wandb_v1_",), r"[\w-]{30,}+"),
    ("Firecrawl key", ("fc-",), "[0-9a-f]{32}"),
    ("Kaggle token", ("KGAT_",), "[0-9a-f]{32}"),
    ("Neptune key", ("eyJhcGlf",), "[A-Za-z0-9+/=_-]{40,}+"),
    ("Grafana key", ("eyJrIjoi",), "[A-Za-z0-9+/=_-]{40,}+"),
    ("JSON web token", ("eyJ",), _JWT),
    ("Grafana token", ("glsa_",), _AN + "{32}_" + _HEX + "{8}"),
    ("Grafana token", ("glc_",), "[A-Za-z0-9+/]{32,}+={0,3}"),
    ("HashiCorp Vault token", ("hvs.", "hvb.", "hvr."), r"[\w-]{24,}+"),
    ("Docker token", ("dckr_pat_", "dckr_oat_"), r"[\w-]{27,}+"),
    ("Doppler token", ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa."), r"[\w.-]{40,}+"),
    ("Dropbox token", ("sl.",), r"[\w-]{100,}+"),
    ("Airtable token", ("pat",), _AN + r"{14}\.[a-f0-9]{64}"),
    ("Atlassian token", ("ATATT3", "ATCTT3", "ATBB"), r"[\w=-]{32,}+"),
    ("Alibaba access key id", ("LTAI",), _AN + "{16,24}"),
    ("Artifactory key", ("AKCp",), _AN + "{69}"),
    ("Artifactory token", ("cmVmd",), _AN + "{59}"),
    ("Heroku key", ("HRKU-",), r"[\w-]{36,}+"),
    ("Sentry token", ("sntrys_", "sntryu_"), r"[\w+/=-]{40,}+"),
    ("Supabase key", ("sbp_",), "[a-f0-9]{40}"),
    ("Supabase key", ("sb_secret_",), r"[\w-]{20,}+"),
    ("PlanetScale secret", ("pscale_tkn_", "pscale_oauth_", "pscale_pw_"), r"[\w=.-]{32,}+"),
    ("Postman key", ("PMAK-",), "[a-f0-9]{24}-[a-f0-9]{34}"),
    ("Prefect key", ("pnu_", "pnb_"), _AN + "{36}"),
    ("Pulumi token", ("pul-",), "[a-f0-9]{40}"),
    ("RubyGems key", ("rubygems_",), "[a-f0-9]{48}"),
    ("Figma token", ("figd_",), r"[\w-]{40,}+"),
    ("Typeform token", ("tfp_",), r"[\w.-]{40,}+"),
    ("Shippo token", ("shippo_live_", "shippo_test_"), "[a-f0-9]{40}"),
    ("Dynatrace token", ("dt0c01.",), r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("1Password token", ("ops_eyJ",), r"[\w+/=-]{80,}+"),
    ("age key", ("AGE-SECRET-KEY-1",), "[A-Z0-9]{58}"),
    ("Fly.io token", ("fo1_", "fm2_"), r"[\w+/=-]{43,}+"),
    ("OpenShift token", ("sha256~",), r"[\w-]{43}"),
)

# What stands in the middle of a token or at its end, and the shape of the whole.
_INNER: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("Q~", "Azure client secret", re.compile(r"[\w~.]{3}[0-9]Q~[\w~.-]{31,34}", re.ASCII)),
    (
        ".atlasv1.",
        "Terraform token",
        re.compile(r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}+", re.ASCII),
    ),
    ("NRAL", "New Relic key", re.compile(r"[0-9a-f]{32,36}(?:FFFF)?NRAL(?![A-Za-z0-9])")),
)
_END = "(?![A-Za-z0-9])"
_TELEGRAM_REST = late(r"AA[\w-]{33}(?![A-Za-z0-9])", re.ASCII)
_TELEGRAM = late(r"(?<![0-9])[0-9]{8,10}:$")
# What is a character to the eye but not to the token behind it: \n, \u0022, %22, a colour.
_ESCAPE = late(r"\\(?:[nrtbf]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|%[0-9a-fA-F]{2}|[\[;][0-9]+m")
_MADE_UP = late(
    r"your|example|placeholder|change.?me|dummy|redacted|insert|replace|x{5}|not.?a.?real",
    re.IGNORECASE,
)
# Every character of a run is an "A", every other one a blank: bytes find runs ten times as fast.
_RUNS = bytes(
    ord("A") if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "_-.~") else ord(" ")
    for code in range(256)
)
_SHORTEST = 16


def _by_beginning() -> dict[str, list[tuple[str, int, str]]]:
    """Return the forms by their first two characters."""
    table: dict[str, list[tuple[str, int, str]]] = {}
    for label, beginnings, rest in FORMS:
        for beginning in beginnings:
            pattern = re.escape(beginning) + rest + _END
            table.setdefault(beginning[:2], []).append((label, len(beginning), pattern))
    return table


_TABLE = _by_beginning()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # A text has few words that begin as a token does: the others' patterns are never needed.
    return re.compile(pattern, re.ASCII)


def made_up(value: str) -> bool:
    """
    Say whether a value only shows where a secret would go.

    >>> made_up("xxxxxxxxxxxxxxxxxxxx"), made_up("your-key-here"), made_up("Zk3qT90vBnM1")
    (True, True, False)
    """
    return len(set(value) - set("xX*0.-_")) < 5 or _MADE_UP.search(value) is not None


def tokens(text: str, folded: bytes) -> Iterator[Span]:
    """
    Find the tokens that show by their own shape what they are.

    Args:
        text: Where to look.
        folded: The text in one byte a character, what has none as "?".
    """
    runs = folded.translate(_RUNS)
    start, reach = runs.find(b"A" * _SHORTEST), 0
    while start >= 0:
        end = runs.find(b" ", start)
        end = len(text) if end < 0 else end
        for span in _in_run(text, start, end) if start >= reach else ():
            reach = span.end
            if span.label:
                yield span
        start = runs.find(b"A" * _SHORTEST, end)


def _in_run(text: str, start: int, end: int) -> Iterator[Span]:
    """Find the tokens in one run of characters without a break; those without a label are none."""
    at = start
    for begin in _beginnings(text, start, end):
        if begin < at:
            continue
        for label, length, pattern in _TABLE.get(text[begin : begin + 2], ()):
            match = _compiled(pattern).match(text, begin)
            if match:
                shown = made_up(match[0][length:])
                yield Span(begin, match.end(), "" if shown else label, match[0])
                at = match.end()
                break
    if at == start:
        yield from _special(text, start, end)


def _beginnings(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where in a run a token can begin: at its start, behind an escape, behind a dot."""
    yield start
    if start and text[start - 1] in "\\%[;" and (escape := _ESCAPE.match(text, start - 1)):
        yield escape.end()
    dot = text.find(".", start, end)
    while dot >= 0:
        yield dot + 1
        dot = text.find(".", dot + 1, end)


def _special(text: str, start: int, end: int) -> Iterator[Span]:
    for literal, label, pattern in _INNER:
        if text.find(literal, start, end) >= 0 and (match := pattern.search(text, start, end)):
            yield Span(match.start(), match.end(), label, match[0])
            return
    if text.startswith("AA", start) and (
        number := _TELEGRAM.search(text[max(0, start - 12) : start])
    ):
        match = _TELEGRAM_REST.match(text, start)
        if match:
            begin = start - len(number[0])
            yield Span(begin, match.end(), "Telegram bot token", text[begin : match.end()])
