"""
The last gate before HTML reaches a page: an allow-list of tags, attributes and addresses.

What passes can neither run, nor load anything from a network, nor look like a control of the
page: no scripts, no handlers, no forms, no styles beyond the few that are ours, no ids,
and only those classes that this package or Pygments writes.
"""

from __future__ import annotations

import html
import re

import nh3
from pygments.token import STANDARD_TYPES

from ..patterns import late

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "blockquote", "hr", "br", "pre", "code"),
    *("a", "img", "span", "em", "strong", "s", "del", "small", "sub", "sup", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}
_ATTRIBUTES = {
    "*": {"class"},
    "a": {"href", "target", "title"},
    "details": {"open"},
    "div": {"style"},
    "img": {"alt", "src", "title"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}
_LINK = late(r"https?://[^\s\\/?#][^\s\\]*|mailto:[^\s\\]+|#[^\s\\]*", re.IGNORECASE)
_IMAGE = late(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
# JupyterLab leaves no space between code and the paragraph below it.
CODE_STYLE = "margin-bottom:1em"
_STYLES = {CODE_STYLE, "text-align:left", "text-align:center", "text-align:right"}
_CLASSES = {"highlight", *filter(None, STANDARD_TYPES.values())}
_OUR_CLASS = late(r"codex-[a-z0-9-]+")

# Where MathJax would begin a formula, or take a backslash away.
_MATH_START = late(r"\$|\\(?=[\\(\[$]|begin|(?:eq)?ref)")


def escape(text: str) -> str:
    """
    Write text as HTML, for an element or a quoted attribute.

    >>> escape('<b class="x">')
    '&lt;b class=&quot;x&quot;&gt;'
    """
    return html.escape(text, quote=True)


def escape_text(text: str) -> str:
    r"""
    Write text as HTML for an element, so that MathJax finds no formula in it either.

    MathJax never looks for a formula across the border of an element; a delimiter that stands
    alone in a `span` is therefore only a character.

    >>> escape_text("$5 and $10")
    '<span>$</span>5 and <span>$</span>10'
    """
    return _MATH_START.sub(r"<span>\g<0></span>", escape(text))


def is_link(address: str) -> bool:
    """Tell whether an answer may link to this address: http, https, mailto or a fragment."""
    return _LINK.fullmatch(address) is not None


def is_embedded_image(address: str) -> bool:
    """Tell whether the address is itself a raster image, so that showing it loads nothing."""
    return _IMAGE.fullmatch(address) is not None


def sanitize(html_text: str) -> str:
    """Return the HTML with everything removed that is not on the allow-list."""
    return _CLEANER.clean(well_formed(html_text))


def well_formed(text: str) -> str:
    """
    Return text that can be written as UTF-8.

    A service may cut an emoji into two halves, each escaped as a lone surrogate: halves that meet
    are joined, one that stays alone becomes a replacement character.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _kept(tag: str, name: str, value: str) -> str | None:
    """Return what remains of an attribute that is allowed on this tag, or None."""
    match name:
        case "class":
            return _kept_classes(value)
        case "href":
            return value if is_link(value) else None
        case "src":
            return value if is_embedded_image(value) else None
        case "style":
            return value if value in _STYLES else None
        case "target":
            return value if value == "_blank" else None
        case "start":
            return value if value.isascii() and value.isdigit() else None
        case "open":
            return ""
        case _:
            return value


def _kept_classes(value: str) -> str | None:
    if value in _CLASSES:
        return value
    kept = [name for name in value.split() if name in _CLASSES or _OUR_CLASS.fullmatch(name)]
    return " ".join(kept) or None


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_kept,
    # nh3 knows schemes by document, not by tag: the filter lets `data:` through for images alone.
    url_schemes={"http", "https", "mailto", "data"},
    link_rel="noopener noreferrer",
)
