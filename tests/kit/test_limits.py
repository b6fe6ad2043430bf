"""Limits: counted together, refused with the seconds to wait, open when Redis is away."""

import pytest

from tests.factories.world import Company
from webapp.kit import doorbell, errors, ids, limits
from webapp.kit.web import App


def test_the_limit_that_is_reached_refuses_and_says_how_long(app: App) -> None:
    with app.test_request_context("/"):
        who, where = ids.token(8), ids.token(8)
        for _ in range(3):
            limits.hit_all([("100/minute", (where,)), ("3/minute", (who,))])
        with pytest.raises(errors.TooMany, match="Try again in") as refused:
            limits.hit_all([("100/minute", (where,)), ("3/minute", (who,))])
        assert 1 <= (refused.value.retry_after or 0) <= 120
        limits.hit_all([("100/minute", (where,)), ("3/minute", (ids.token(8),))])  # others are not held back


def test_counting_goes_on_after_redis_forgot_its_scripts(app: App) -> None:
    with app.test_request_context("/"):
        who = ids.token(8)
        limits.hit_all([("5/minute", (who, "a")), ("5/minute", (who, "b"))])
        doorbell.connection().script_flush()
        limits.hit_all([("5/minute", (who, "a")), ("5/minute", (who, "b"))])
        assert limits.headroom() is not None
        assert limits.headroom()[1] == 3  # type: ignore[index]


def test_the_documents_answer_over_the_api(company: Company) -> None:
    from webapp import create_app
    from webapp.config import Limits

    settings = company.app.config["SETTINGS"]
    small = create_app(settings.with_(limits=Limits(field_address="4/60 seconds")))
    client = small.test_client()
    for _ in range(4):
        assert client.get("/api/v1/sales", environ_base={"REMOTE_ADDR": "10.9.8.7"}).status_code == 401
    answer = client.get("/api/v1/sales", environ_base={"REMOTE_ADDR": "10.9.8.7"})
    assert answer.status_code == 429
    assert answer.json["error"]["code"] == "TOO_MANY_REQUESTS"  # type: ignore[index]
    assert int(answer.headers["Retry-After"]) >= 1


def test_another_application_counts_elsewhere_only_until_its_test_ends(app: App) -> None:
    from tests.conftest import limits_kept
    from webapp import create_app

    before = limits.limiter.limiter
    settings = app.config["SETTINGS"]
    with pytest.raises(AssertionError, match="a test fails"), limits_kept():
        create_app(settings.with_(redis_url="redis://127.0.0.1:1/0"))
        assert limits.limiter.limiter is not before
        raise AssertionError("a test fails")
    assert limits.limiter.limiter is before


def test_of_ipv6_a_whole_network_is_one_address_to_the_limits(company: Company) -> None:
    from webapp import create_app
    from webapp.config import Limits

    small = create_app(company.app.config["SETTINGS"].with_(limits=Limits(field_address="4/60 seconds")))
    network = f"2001:db8:{ids.token(4, '123456789')}:{ids.token(4, '123456789')}"

    def ask(address: str) -> int:
        return small.test_client().get("/api/v1/sales", environ_base={"REMOTE_ADDR": address}).status_code

    assert [ask(f"{network}::{n}") for n in range(5)] == [401] * 4 + [429]
    assert ask(f"{network[:-1]}0::1") == 401  # the neighbor's
