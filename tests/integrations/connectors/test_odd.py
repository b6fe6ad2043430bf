"""Addresses and filters that nobody means."""

import pytest

from tests.factories.world import Company

HERE = "/settings/connectors"
ODD = ["%00", "%F0%9F%9B%A0", "9" * 400, "'; drop table connectors; --", "%", "../..", "-1"]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_address_is_not_there_and_an_odd_filter_finds_nothing(company: Company, odd: str) -> None:
    client = company.sign_in("admin")
    assert client.get(f"{HERE}/calls/{odd}").status_code in (404, 308, 422)
    for name in ("q", "connector", "status", "origin", "event", "misfit", "from", "to"):
        answer = client.get(f"{HERE}/calls?{name}={odd}")
        assert answer.status_code == 200, name
    for name in ("q", "state", "sort"):
        assert client.get(f"{HERE}?{name}={odd}").status_code == 200, name
