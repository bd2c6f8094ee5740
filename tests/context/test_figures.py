"""Tests of figures as they are named: displayed, open, or in variables of a real kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.context.recorded import attach, found, images, recording_kernel, refused, run
from tests.kernels import Kernel

LAST = "find('', recorder, globals())"
SEABORN = "import seaborn as sns\nsns.histplot([1, 2, 2])"
PILLOW = "from PIL import Image\nImage.effect_noise((60, 40), 50)"
SHOWN = """
class Own:
    def _repr_png_(self):
        import io
        from PIL import Image
        out = io.BytesIO(); Image.new("RGB", (7, 5)).save(out, "PNG"); return out.getvalue()
Own()
"""
JPEG = "%config InlineBackend.figure_format = 'jpeg'\nplt.plot([1])"
BOTH = "%config InlineBackend.figure_formats = set(['png', 'jpeg'])\nplt.plot([1])"
RETINA = "%config InlineBackend.figure_format = 'retina'\nplt.plot([1])"
THREAD = """
import threading
fig = plt.figure(); fig.add_subplot().plot([3, 1]); plt.close(fig)
t = threading.Thread(target=lambda: display(fig)); t.start(); t.join()
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for all tests of this file."""
    with recording_kernel(tmp_path_factory.mktemp("figures")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel) -> Kernel:
    """The kernel, recording from nothing."""
    run(running, "import matplotlib; matplotlib.rcdefaults()")
    attach(running)
    return running


def number(kernel: Kernel) -> int:
    """Return the number of the cell before the one that asks."""
    return int(run(kernel, "print(recorder.executions[-2].count)").stdout)


@pytest.mark.parametrize(
    ("code", "mime"),
    [
        ("plt.plot([1, 2])", "image/png"),
        ("plt.plot([1, 2]); plt.show()", "image/png"),
        (JPEG, "image/jpeg"),
        (BOTH, "image/png"),
        (RETINA, "image/png"),
        (SEABORN, "image/png"),
        ("import pandas as pd\npd.Series([1, 3, 2]).plot()", "image/png"),
        ("fig, ax = plt.subplots(); ax.plot([2, 1]); fig", "image/png"),
        (PILLOW, "image/png"),
        (SHOWN, "image/png"),
        (THREAD, "image/png"),
        ("from IPython.display import Image as I\nI(I(Own()._repr_png_()).data)", "image/png"),
    ],
    ids=[
        "auto",
        "show",
        "jpeg",
        "both",
        "retina",
        "seaborn",
        "pandas",
        "last",
        "pillow",
        "own",
        "thread",
        "image",
    ],
)
def test_what_was_displayed_is_sent(kernel: Kernel, code: str, mime: str) -> None:
    """The bytes that are sent are the bytes that the front end got, whatever made the figure."""
    run(kernel, SHOWN)

    done = run(kernel, code)
    of_cell = found(kernel, f"find('{number(kernel)}', recorder, globals())")
    last = found(kernel, f"[prepare(p, 'original', 'gpt-5.4') for p in {LAST}]")

    assert mime == of_cell[0]["mime"]
    assert of_cell[0]["sha"] in images(done)
    assert [of_cell[0]["sha"]] == [picture["sha"] for picture in last]
    assert all(of_cell[0]["size"])


@pytest.mark.parametrize("name", ["svg", "pdf"])
@pytest.mark.parametrize(
    "code",
    ["plt.plot([1])", "plt.plot([1]); plt.show()", "plt.plot([1]); display(plt.gcf())"],
    ids=["auto", "show", "display"],
)
def test_a_figure_without_pixels_is_rendered(kernel: Kernel, name: str, code: str) -> None:
    """Where SVG or PDF is displayed, a PNG is kept, the one that would have been displayed."""
    with_pixels = images(run(kernel, "plt.plot([1]); plt.show()"))

    done = run(kernel, f"%config InlineBackend.figure_format = '{name}'\n{code}")

    assert [] == images(done)
    assert with_pixels == [picture["sha"] for picture in found(kernel, LAST)]


def test_two_figures_of_a_cell_are_told_apart(kernel: Kernel) -> None:
    """They come in order, with their numbers; the last one is the last figure."""
    done = run(kernel, "for n in range(2): plt.figure(); plt.plot([n, 1])")

    both = found(kernel, f"find('{number(kernel)}', recorder, globals())")

    assert images(done) == [picture["sha"] for picture in both]
    assert ["figure 1 of", "figure 2 of"] == [picture["label"][:11] for picture in both]
    assert both[-1:] == found(kernel, LAST)
    assert both[:1] == found(kernel, "find('-2', recorder, globals())")


def test_all_figures_come_in_order_each_once(kernel: Kernel) -> None:
    """``all`` is every figure that was displayed and is still kept."""
    cells = [
        run(kernel, code)
        for code in ("plt.plot([1])", "plt.plot([2, 1]); plt.gcf()", "plt.plot([1])", PILLOW)
    ]

    everything = found(kernel, "find('all', recorder, globals())")

    shown = [name for cell in cells for name in images(cell)]
    assert list(dict.fromkeys(shown)) == [picture["sha"] for picture in everything]
    assert 3 == len(everything)


def test_figures_that_are_not_kept_are_told(kernel: Kernel) -> None:
    """Of more figures than are kept the last ones are sent, and how many are not is said."""
    run(kernel, SHOWN)
    run(
        kernel,
        "from IPython.display import Image as I\npng = Own()._repr_png_()\n"
        "for n in range(60): display(I(png + bytes([n]), format='png'))",
    )

    everything = found(kernel, "find('all', recorder, globals())")

    assert 48 == len(everything)
    assert "13 more not kept, or without pixels" == everything[0]["note"]
    assert "not kept any more" in refused(kernel, "find('-60', recorder, globals())")


def test_an_open_figure_of_this_cell_comes_first(kernel: Kernel) -> None:
    """What was drawn in the cell that asks, and is not displayed yet, is the last figure."""
    run(kernel, "plt.plot([1])")

    done = run(kernel, "plt.plot([5, 1, 2])\nasked = find('', recorder, globals())")

    assert images(done) == [picture["sha"] for picture in found(kernel, "asked")]
    assert "figure of this cell" == found(kernel, "asked")[0]["label"]


def test_a_cleared_figure_is_not_the_last(kernel: Kernel) -> None:
    """Of an animation by ``clear_output`` the frame that is seen counts, and nothing before it."""
    done = run(
        kernel,
        "from IPython.display import clear_output\nfor n in range(4):\n"
        "    clear_output(wait=True); plt.plot([n, 1]); plt.show()",
    )

    frames = found(kernel, f"find('{number(kernel)}', recorder, globals())")

    assert 1 == len(frames)
    assert images(done) == [frames[0]["sha"]]


def test_an_updated_figure_is_the_new_one(kernel: Kernel) -> None:
    """A display handle that shows another figure shows it in the place of the first."""
    run(kernel, "plt.plot([1]); h = display(plt.gcf(), display_id=True); plt.close()")
    cell = number(kernel)

    run(kernel, "plt.plot([3, 1]); h.update(plt.gcf()); plt.close()")
    updated = found(kernel, f"find('{cell}', recorder, globals())")

    assert images(run(kernel, "plt.plot([3, 1]); plt.show()")) == [updated[0]["sha"]]


def test_a_captured_figure_is_not_known(kernel: Kernel) -> None:
    """``%%capture`` shows nothing, so there is nothing to send."""
    run(kernel, "%%capture\nplt.plot([1]); plt.show()")

    assert "No figure was shown so far" in refused(kernel, LAST)
    assert "showed no figure" in refused(kernel, f"find('{number(kernel)}', recorder, globals())")
    assert "did not run" in refused(kernel, "find('9999', recorder, globals())")
    assert "did you mean 'fig'?" in refused(kernel, "fig = 1; find('fgi', recorder, globals())")


def test_figures_that_stay_open_are_known_by_their_cell(kernel: Kernel) -> None:
    """Without a notebook's backend nothing is displayed, but the figures are there."""
    run(kernel, "%matplotlib agg\nimport matplotlib.pyplot as plt\nplt.close('all')")
    run(kernel, "plt.figure(); plt.plot([1, 2])")
    first = number(kernel)
    run(kernel, "plt.figure(); plt.plot([2, 1])")

    last = found(kernel, LAST)
    earlier = found(kernel, f"find('{first}', recorder, globals())")
    same = found(kernel, "find_image('f', {'f': plt.figure(1)})")
    run(kernel, "plt.close('all')\n%matplotlib inline")

    assert f"figure of cell {first + 2}" == last[0]["label"] or last[0]["label"].startswith(
        "figure"
    )
    assert [same[0]["sha"]] == [picture["sha"] for picture in earlier]
    assert last[0]["sha"] != earlier[0]["sha"]


def test_a_figure_in_a_widget_is_taken_as_it_is_now(kernel: Kernel) -> None:
    """What ipympl shows goes on changing: the figure is drawn again when it is asked for."""
    pytest.importorskip("ipympl")
    run(kernel, "%matplotlib widget\nimport matplotlib.pyplot as plt")
    run(kernel, "f, ax = plt.subplots(); ax.plot([1, 2])")
    run(kernel, "f2 = f")
    run(kernel, "ax.plot([2, 1])")

    now = found(kernel, LAST)
    same = found(kernel, "find_image('f', globals())")
    run(kernel, "plt.close('all')\n%matplotlib inline")

    assert [same[0]["sha"]] == [picture["sha"] for picture in now]


def test_a_chart_without_pixels_is_an_error(kernel: Kernel) -> None:
    """An older figure is not sent in the place of a plotly chart: the error says what to do."""
    pytest.importorskip("plotly")
    run(kernel, "plt.plot([1])")
    run(
        kernel,
        "import plotly.graph_objects as go, plotly.io\nplotly.io.renderers.default = "
        "'plotly_mimetype'\nchart = go.Figure(go.Scatter(y=[1, 2])); chart",
    )

    assert "plotly chart" in refused(kernel, LAST)
    if (
        "True"
        in run(kernel, "import importlib.util as u; print(u.find_spec('kaleido') is None)").stdout
    ):
        assert "kaleido" in refused(kernel, "find('chart', recorder, globals())")


VARIABLES = """
import numpy as np, seaborn as sns
from matplotlib.animation import FuncAnimation
fig, axes = plt.subplots(2, 2); axes[0, 1].plot([1, 2]); plt.close(fig)
grid = sns.FacetGrid(__import__("pandas").DataFrame({"a": [1, 2]})); grid.map(plt.hist, "a")
plt.close("all")
lines = axes[1, 1].plot([3, 1]); bars = axes[1, 0].bar([1], [2])
holder = {"f": fig}; both = [fig, grid]
moving = plt.figure(); moved = moving.add_subplot().plot([0, 1]); plt.close(moving)
animation = FuncAnimation(moving, lambda n: moved[0].set_data([0, 1], [n, 5]), frames=3)
parts = plt.figure(); part = parts.subfigures(1, 2)[0]; part.subplots().plot([1]); plt.close(parts)
objects = __import__("seaborn.objects").objects.Plot(x=[1, 2], y=[1, 2])
"""


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("fig", "fig"),
        ("axes", "fig"),
        ("axes[0, 1]", "fig"),
        ("axes[1][1]", "fig"),
        ("fig.axes[0]", "fig"),
        ("lines", "fig"),
        ("bars", "fig"),
        ("holder['f']", "fig"),
        ("grid", "grid.figure"),
        ("grid.axes", "grid.figure"),
        ("part", "parts"),
        ("part.axes[0]", "parts"),
        ("animation", "moving"),
    ],
)
def test_a_variable_leads_to_its_figure(kernel: Kernel, name: str, figure: str) -> None:
    """A figure, and everything that stands on one, is sent as a notebook would show the figure."""
    run(kernel, VARIABLES)

    sent = found(kernel, f"find({name!r}, recorder, globals())")
    run(kernel, "_ = animation._init_draw()")
    expected = found(kernel, f"find('{figure}', recorder, globals())")

    assert [expected[0]["sha"]] == [picture["sha"] for picture in sent]
    assert expected[0]["sha"] in images(run(kernel, f"display({figure})"))


def test_a_list_of_figures_is_several(kernel: Kernel) -> None:
    """Each of them is sent, each with a name; a plot of seaborn's objects shows itself."""
    run(kernel, VARIABLES)

    both = found(kernel, "find('both', recorder, globals())")
    own = found(kernel, "find('objects', recorder, globals())")

    assert ["both, figure 1", "both, figure 2"] == [picture["label"] for picture in both]
    assert "image/png" == own[0]["mime"]
    assert all(own[0]["size"])
    assert "is an empty figure" in refused(kernel, "find('e', recorder, {'e': plt.figure()})")
    assert "has no .nothing" in refused(kernel, "find('fig.nothing', recorder, globals())")


def test_without_pillow_what_fits_is_sent(kernel: Kernel) -> None:
    """Only what has to be changed needs Pillow, and the error says so."""
    run(kernel, SHOWN)
    run(kernel, "import sys\nown = Own()._repr_png_()\nfits = find_image('own', globals())")
    run(kernel, "plain = find_image('a', {'a': own + bytes(10)})\npil = {}")
    run(
        kernel,
        "for n in [n for n in sys.modules if n.partition('.')[0] == 'PIL']: pil[n] = sys.modules.pop(n)",
    )
    run(kernel, "sys.modules['PIL'] = None")

    sent = found(kernel, "[prepare(p) for p in fits]")
    large = (
        "__import__('codex_magic.context.pieces').context.pieces.Picture('x', b'BM' + bytes(60))"
    )
    message = refused(kernel, f"prepare({large})")
    run(kernel, "sys.modules.update(pil)")

    assert [7, 5] == sent[0]["size"]
    assert "%pip install pillow" in message
