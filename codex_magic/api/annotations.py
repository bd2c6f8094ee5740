"""Annotations of a text: what the model cites."""

from __future__ import annotations

from ..records import dataclass
from .wire import Json, Wire, by_type, one


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationURLCitation(Wire):
    """A web page, cited by the characters from ``start_index`` to ``end_index``."""

    url: str
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None
    type: str = "url_citation"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFileCitation(Wire):
    """A file of a vector store, cited at the character ``index``."""

    file_id: str
    filename: str | None = None
    index: int | None = None
    type: str = "file_citation"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationContainerFileCitation(Wire):
    """A file in the code interpreter's container."""

    container_id: str
    file_id: str
    filename: str | None = None
    start_index: int | None = None
    end_index: int | None = None
    type: str = "container_file_citation"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFilePath(Wire):
    """A file that the model made."""

    file_id: str
    index: int | None = None
    type: str = "file_path"


Annotation = (
    AnnotationURLCitation
    | AnnotationFileCitation
    | AnnotationContainerFileCitation
    | AnnotationFilePath
    | Json
)

ANNOTATIONS = {
    "url_citation": one(AnnotationURLCitation),
    "file_citation": one(AnnotationFileCitation),
    "container_file_citation": one(AnnotationContainerFileCitation),
    "file_path": one(AnnotationFilePath),
}
parse_annotation = by_type(ANNOTATIONS)
