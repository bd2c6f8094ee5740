"""Arrays and tensors: shape, type, range, first and last values; other devices are not read."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_magic.context.variables import summarise

numpy = pytest.importorskip("numpy")


def text(value: Any) -> str:
    """Return the summary of a variable without its name."""
    return summarise("x", value).text.removeprefix("x: ")


def test_a_small_array_is_whole() -> None:
    """Shape, type, range, missing and infinite values, and all values."""
    array = numpy.array([[1.0, 2.0], [numpy.nan, numpy.inf]])

    assert (
        "numpy.ndarray, shape 2 × 2, float64\nmin 1, mean 1.5, max 2, 1 NaN, 1 infinite\n"
        "[[ 1.,  2.],\n [nan, inf]]"
    ) == text(array)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ([True, False], "shape 2, bool\n1 True, 1 False\n[ True, False]"),
        (["a", "bc"], "shape 2, <U2\n['a', 'bc']"),
        (7, "shape () (a single value), int64\n7\n7"),
        ([], "shape 0, float64\n[]"),
        ([1j], "shape 1, complex128\n[0.+1.j]"),
        ([float("nan")], "shape 1, float64\n1 NaN\n[nan]"),
    ],
)
def test_kinds_of_array(array: Any, expected: str) -> None:
    """Each type of item has the range that it can have."""
    value = numpy.array(array)
    value = value.astype("int64") if value.dtype.kind == "i" else value

    assert f"numpy.ndarray, {expected}" == text(value)


def test_an_array_of_times() -> None:
    """The first and the last, and what is missing."""
    times = numpy.array(["2024-01-01", "NaT", "2024-01-03"], dtype="datetime64[D]")

    assert "datetime64[D]\n2024-01-01 to 2024-01-03, 1 missing\n" in text(times)


def test_a_large_array_shows_its_ends() -> None:
    """The first and the last values, its size in memory, and a note."""
    piece = summarise("x", numpy.arange(1_000_000).reshape(1_000, 1_000).astype("float64"))

    assert piece.text.startswith(
        "x: numpy.ndarray, shape 1,000 × 1,000, float64, 8.0 MB\nmin 0, mean 500000, max 999999\n[[0"
    )
    assert "..." in piece.text
    assert "without most of its 1,000,000 values" == piece.note


def test_an_endless_array_is_sampled() -> None:
    """An array of 10¹⁶ values that lie on one costs nothing."""
    array = numpy.broadcast_to(numpy.float64(1), (10**8, 10**8))

    piece = summarise("x", array)

    assert "min 1, mean 1, max 1 (of a sample of " in piece.text
    assert piece.note.startswith("with the range of a sample of ")


def test_a_masked_array_leaves_out_what_is_masked() -> None:
    """The range is of what is not masked."""
    array = numpy.ma.masked_array([1, 200, 3], mask=[0, 1, 0], dtype="int64")

    assert "min 1, mean 2, max 3\n1 masked\n" in text(array)


def test_a_structured_array_shows_its_fields() -> None:
    """Names and types, and the first record."""
    array = numpy.zeros(3, dtype=[("a", "i4"), ("b", "f8")])

    assert (
        "numpy.ndarray, shape 3, structured\nfields:\n  a: int32\n  b: float64\nfirst: (0, 0.0)"
        == text(array)
    )


def test_an_image_shows_its_first_values() -> None:
    """An array of many dimensions is not written out."""
    found = text(numpy.zeros((100, 100, 3), dtype="uint8"))

    assert found.endswith("min 0, mean 0, max 0\nfirst values: [0, 0, 0, 0, 0, 0]")


def test_an_array_that_is_all_masked_has_no_range() -> None:
    """Nothing is left to have one."""
    assert "float64\n2 masked\n" in text(numpy.ma.masked_array([1.0, 2.0], mask=True))


def test_a_structure_of_objects_shows_no_values() -> None:
    """Objects in fields are not looked at."""
    array = numpy.zeros(1, dtype=[("a", object)])

    assert "numpy.ndarray, shape 1, structured\nfields:\n  a: object" == text(array)
    assert "[0] <numpy.ndarray 1 structured>" in text([array])


def test_a_sparse_array_without_values() -> None:
    """A format that keeps its values elsewhere is its shape."""
    sparse = pytest.importorskip("scipy.sparse")

    piece = summarise("x", sparse.lil_matrix((2, 3)))

    assert "x: scipy.sparse.lil_matrix, shape 2 × 3" == piece.text
    assert "without its values" == piece.note


def test_an_array_on_disk_is_hardly_read(tmp_path: Path) -> None:
    """A memory map shows a few values, and no range."""
    array = numpy.memmap(tmp_path / "a", dtype="float64", mode="w+", shape=(1_000,))

    piece = summarise("x", array)

    assert piece.text.startswith("x: numpy.memmap, shape 1,000, float64\n[0., 0., 0., ...")
    assert piece.note.startswith("without its range, as it is on disk")


def test_scalars_of_numpy() -> None:
    """A single value is its text."""
    assert "numpy.float64 1.5" == text(numpy.float64(1.5))
    assert text(numpy.datetime64("2024-01-01")) == "numpy.datetime64 2024-01-01"


def test_a_sparse_array_shows_what_is_stored() -> None:
    """Shape, type and number of the stored values."""
    sparse = pytest.importorskip("scipy.sparse")

    found = text(sparse.csr_matrix(numpy.eye(3)))

    assert "scipy.sparse.csr_matrix, shape 3 × 3, float64, 3 stored values\nstored: min 1" in found


class Tensor:
    """A tensor with torch's names, which notes what is read of it."""

    def __init__(self, array: Any, device: str = "cpu") -> None:
        self.array, self.where = array, device
        self.read: list[str] = []

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> str:
        """The type, as torch writes it."""
        return f"torch.{self.array.dtype}"

    @property
    def device(self) -> str:
        """Where it is."""
        return self.where

    @property
    def requires_grad(self) -> bool:
        """Whether it learns."""
        return True

    def detach(self) -> Tensor:
        """Return itself."""
        self.read.append("detach")
        return self

    def numpy(self) -> Any:
        """Return its values."""
        return self.array


class Module:
    """A layer with torch's names."""

    def __init__(self, **settings: Any) -> None:
        self.training = True
        self._parameters: dict[str, Any] = {}
        self._modules: dict[str, Any] = {}
        self.__dict__.update(settings)


class Linear(Module):
    """A layer of a user's own."""


@pytest.fixture
def torch() -> Iterator[None]:
    """A module that is called torch: the real one is too large for a test."""
    module = types.ModuleType("torch")
    module.__dict__.update(Tensor=Tensor, Module=Module)
    before = {cls: cls.__module__ for cls in (Tensor, Module)}
    assert "torch" not in sys.modules
    sys.modules["torch"] = module
    Tensor.__module__ = Module.__module__ = "torch"
    yield
    del sys.modules["torch"]
    for cls, name in before.items():
        cls.__module__ = name


@pytest.mark.usefixtures("torch")
def test_a_tensor_in_memory_shows_its_values() -> None:
    """Shape, type, device, range and values."""
    tensor = Tensor(numpy.array([1.0, 2.0], dtype="float32"))

    assert (
        "torch.Tensor, shape 2, float32, on cpu, requires grad\nmin 1, mean 1.5, max 2\n[1., 2.]"
        == text(tensor)
    )


@pytest.mark.usefixtures("torch")
def test_a_tensor_on_a_device_stays_there() -> None:
    """Nothing is moved, and the note says that values are missing."""
    tensor = Tensor(numpy.zeros(2), device="cuda:0")

    piece = summarise("x", tensor)

    assert "x: torch.Tensor, shape 2, float64, on cuda:0, requires grad" == piece.text
    assert "without its values, which are not read from the device" == piece.note
    assert [] == tensor.read


@pytest.mark.usefixtures("torch")
def test_a_library_that_hangs_is_stopped() -> None:
    """A tensor whose values never come is its type, after a few seconds, with a note."""

    class Hanging(Tensor):
        """A tensor that waits for ever."""

        def numpy(self) -> Any:
            """Wait."""
            while True:
                threading.Event().wait(0.05)

    piece = summarise("x", Hanging(numpy.zeros(2)))

    assert "Hanging" in piece.text
    assert "without the rest, which took more than 3 seconds" == piece.note


@pytest.mark.usefixtures("torch")
def test_a_tensor_that_numpy_cannot_hold_has_no_values() -> None:
    """A sparse or a bfloat16 tensor is its shape and type."""

    class Sparse(Tensor):
        """A tensor that does not become an array."""

        def numpy(self) -> Any:
            """Refuse."""
            raise TypeError("can't convert Sparse layout tensor to numpy")

    piece = summarise("x", Sparse(numpy.zeros(2)))

    assert "shape 2, float64, on cpu, requires grad" in piece.text
    assert "without its values" == piece.note


@pytest.mark.usefixtures("torch")
def test_a_layer_without_a_shape_has_no_parameters_yet() -> None:
    """A lazy layer has not seen its input: it is shown, and counts nothing."""

    class Lazy(Tensor):
        """A parameter that is not there yet."""

        @property
        def shape(self) -> tuple[int, ...]:
            """Refuse."""
            raise RuntimeError("uninitialized parameter")

    network = Linear(_modules=None)
    network._parameters.update(weight=Lazy(numpy.zeros(2)), other=3)

    assert "tests.context.test_arrays.Linear, 0 parameters, in training mode" == text(network)


def test_an_array_of_jax_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shape and type are known; reading its values may compute them."""
    body = {"shape": (2, 3), "dtype": numpy.dtype("float32"), "__module__": "jaxlib"}
    cls = type("ArrayImpl", (), body)
    module = types.ModuleType("jaxlib")
    module.__dict__["ArrayImpl"] = cls
    monkeypatch.setitem(sys.modules, "jaxlib", module)

    piece = summarise("x", cls())

    assert "x: jaxlib.ArrayImpl, shape 2 × 3, float32" == piece.text
    assert "without its values: reading them may compute or copy" == piece.note


@pytest.mark.usefixtures("torch")
def test_a_network_shows_its_layers_and_parameters() -> None:
    """Layers with their settings, parameters counted once."""
    shared = Tensor(numpy.zeros((4, 2)))
    first, second = Linear(in_features=4, out_features=2), Linear(in_features=4, out_features=2)
    first._parameters.update(weight=shared, bias=Tensor(numpy.zeros(2)))
    second._parameters.update(weight=shared)
    network = Linear()
    network._modules.update(first=first, second=second)

    assert (
        "tests.context.test_arrays.Linear, 10 parameters, in training mode\n"
        "  first: Linear(in_features=4, out_features=2), 10 parameters\n"
        "  second: Linear(in_features=4, out_features=2)"
    ) == text(network)


def test_a_model_shows_its_parameters_and_what_it_learned() -> None:
    """Parameters by name, and learned attributes by type and shape."""
    sklearn = pytest.importorskip("sklearn.linear_model")
    model = sklearn.LinearRegression(fit_intercept=False)

    before = text(model)
    model.fit([[1.0], [2.0]], [1.0, 2.0])
    after = text(model)

    assert before.startswith(
        "sklearn.linear_model.LinearRegression, not fitted\nparameters:\n  fit_intercept: False\n"
    )
    assert after.startswith("sklearn.linear_model.LinearRegression, fitted\n")
    assert "\nlearned:\n" in after
    assert "  coef_: <numpy.ndarray 1 float64>" in after


def test_a_pydantic_model_shows_its_fields() -> None:
    """Fields and their values, secrets hidden."""
    pydantic = pytest.importorskip("pydantic")
    cls = pydantic.create_model("Settings", rate=(float, 0.1), api_key=(str, "abc"))

    found = text(cls())

    assert found.endswith(
        "Settings\n  rate: 0.1\n  api_key: <hidden: the name reads like a secret>"
    )
