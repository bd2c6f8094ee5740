"""Plots of every kind, and which cell made them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.context.plots import PLOTS, SETUP
from tests.context.recorded import attach, found, images, recording_kernel, run
from tests.counts import count
from tests.kernels import Kernel

CHOSEN = PLOTS[:: len(PLOTS) // count(len(PLOTS))]
SMALL = "plt.rcParams['figure.figsize'] = (3, 2); plt.rcParams['figure.dpi'] = 50"
SCIPY = "import importlib.util; have_scipy = importlib.util.find_spec('scipy') is not None"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for all plots."""
    with recording_kernel(tmp_path_factory.mktemp("plots")) as kernel:
        run(kernel, "\n".join((SETUP, SMALL, SCIPY)))
        yield kernel


def test_there_are_plots_of_every_kind() -> None:
    """At least 60 different plots are written down, all of them with names of their own."""
    assert 60 <= len({code for _, code in PLOTS})
    assert len(PLOTS) == len({name for name, _ in PLOTS})


@pytest.mark.parametrize(("name", "code"), CHOSEN, ids=[name for name, _ in CHOSEN])
def test_a_plot_is_captured_as_it_was_displayed(kernel: Kernel, name: str, code: str) -> None:
    """The bytes recorded are the bytes that the front end got, under the number of the cell."""
    done = run(kernel, f"# {name}\n{code}")

    number = run(kernel, "print(recorder.executions[-2].count)").stdout.strip()
    by_number = found(kernel, f"find('{number}', recorder, globals())")
    last = found(kernel, "find('', recorder, globals())")

    assert images(done)
    assert images(done) == [picture["sha"] for picture in by_number]
    assert images(done)[-1] == last[0]["sha"]
    assert all(f"cell {number}" in picture["label"] for picture in by_number)
    source = run(kernel, f"print([e.source for e in recorder.executions if e.count == {number}])")
    assert repr([f"# {name}\n{code}"]) == source.stdout.strip()


def test_nothing_is_left_of_a_thousand_figures(kernel: Kernel) -> None:
    """After many figures no figure is alive, and the images take what they may, not more."""
    attach(kernel)
    run(kernel, SMALL)
    figures = "gc.collect(); print(sum(type(o).__name__ == 'Figure' for o in gc.get_objects()))"
    before = int(run(kernel, figures).stdout)
    many = f"for number in range({count(100)}):\n    plt.plot([number, start]); plt.show()"

    shown = [images(run(kernel, f"start = {start}\n{many}")) for start in range(10)]
    run(kernel, "plt.plot([1]); recorder.figures")

    assert [count(100)] * 10 == [len(cell) for cell in shown]
    assert before == int(run(kernel, figures).stdout)
    kept = run(kernel, "print(len(recorder.images), recorder.images.size)").stdout.split()
    assert 48 == int(kept[0])
    assert 48_000_000 >= int(kept[1])


def test_pictures_in_megabytes_stay_within_the_bound(kernel: Kernel) -> None:
    """Large images are kept up to 48 MB together, and the last ones are the ones that stay."""
    attach(kernel)
    run(
        kernel,
        "import os\nfrom IPython.display import Image, display\nhead = b'\\x89PNG\\r\\n\\x1a\\n'",
    )

    run(kernel, "for _ in range(30): display(Image(head + os.urandom(3_000_000)))")

    size = int(run(kernel, "find('', recorder, globals()); print(recorder.images.size)").stdout)
    assert 40_000_000 < size <= 48_000_000
