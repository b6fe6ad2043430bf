"""A receiver for each test."""

from collections.abc import Iterator

import pytest

from tests.integrations.receivers import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver().start()
    yield made
    made.stop()
