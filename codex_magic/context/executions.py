"""What the cells of this kernel did: source and outputs, as they were when they ran."""

from __future__ import annotations

# Loaded with the extension: plain classes, which cost nothing to make.


class Output:
    """
    One output of a cell.

    Attributes:
        kind: stream, display, result or error.
        name: stdout or stderr, of a stream.
        text: What it says as plain text; of an error, the traceback without colours.
        html: Its HTML, where it has some.
        image: The key of its image in the image store; empty for none.
        mimes: The types that it came in.
        cut: How many characters of the text were left out while recording.
        display_id: What a later output may replace it by; empty for nothing.
    """

    __slots__ = ("cut", "display_id", "html", "image", "kind", "mimes", "name", "text")

    def __init__(
        self,
        kind: str,
        *,
        name: str = "",
        text: str = "",
        html: str = "",
        image: str = "",
        mimes: tuple[str, ...] = (),
        cut: int = 0,
        display_id: str = "",
    ) -> None:
        self.kind = kind
        self.name = name
        self.text = text
        self.html = html
        self.image = image
        self.mimes = mimes
        self.cut = cut
        self.display_id = display_id

    def __repr__(self) -> str:
        return f"Output({self.kind!r}, {self.text[:40]!r}, image={self.image!r})"


class Execution:
    """
    One run of a cell.

    Attributes:
        count: Its number, as in ``In[3]``; 0 where it has none.
        cell_id: The notebook's id of the cell; empty where the front end does not say.
        message_id: The id of the request that ran it; empty in a terminal.
        source: The cell's text, as the user wrote it.
        outputs: What it put out, in order.
        failed: Whether it ended with an error.
        running: Whether it still runs.
        ours: Whether it is a ``%%codex`` cell or a ``%codex`` line, and nothing else.
        started: Seconds since 1970.
        seconds: How long it took.
    """

    __slots__ = (
        "cell_id",
        "count",
        "failed",
        "message_id",
        "ours",
        "outputs",
        "running",
        "seconds",
        "source",
        "started",
    )

    def __init__(
        self,
        source: str,
        *,
        count: int = 0,
        cell_id: str = "",
        message_id: str = "",
        ours: bool = False,
        started: float = 0.0,
    ) -> None:
        self.source = source
        self.count = count
        self.cell_id = cell_id
        self.message_id = message_id
        self.ours = ours
        self.started = started
        self.outputs: list[Output] = []
        self.failed = False
        self.running = True
        self.seconds = 0.0

    def __repr__(self) -> str:
        return f"Execution({self.count}, {self.source[:40]!r}, {len(self.outputs)} outputs)"
