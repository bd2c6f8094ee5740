"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fake_service import FakeService

from .talking import Talk


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A fresh service, in the profile of api.openai.com."""
    with FakeService() as service:
        yield service


@pytest.fixture
def talk() -> Iterator[Talk]:
    """A fresh kernel."""
    talk = Talk()
    yield talk
    talk.close()
