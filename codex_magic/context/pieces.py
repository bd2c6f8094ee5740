"""What goes with a question: pieces of text, pictures and documents, each with its label."""

from __future__ import annotations

from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Text from the notebook, as data.

    Attributes:
        label: What it is called, as "cell 3", "df" or "notes.txt"; it stands in the footer, too.
        text: What is sent.
        kind: cell, variable, error or file.
        note: What was left out of it, in a few words; empty for nothing.
    """

    label: str
    text: str
    kind: str = "cell"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """
    An image, as the model gets it: bytes, or an address that the service fetches.

    Attributes:
        label: What it is called, as "figure of cell 3".
        data: The encoded image; empty where there is an address.
        mime: image/png, image/jpeg, image/gif or image/webp.
        url: The address; empty where there are bytes.
        width: Pixels; 0 where they are not known.
        height: Pixels; 0 where they are not known.
        note: What was done to it, as "1200×800 px from 3000×2000"; empty for nothing.
    """

    label: str
    data: bytes = b""
    mime: str = "image/png"
    url: str = ""
    width: int = 0
    height: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """
    A file that the service reads itself, as PDF.

    Attributes:
        label: What it is called.
        filename: Its name, without folders.
        data: Its bytes.
        mime: Its type.
    """

    label: str
    filename: str
    data: bytes
    mime: str = "application/pdf"


Attachment = Piece | Picture | Document
