"""What every answer carries."""

import pytest

from tests.factories.world import Company
from webapp.kit import assets


@pytest.mark.parametrize(
    "path",
    [
        "/sales",
        "/sales?format=csv",
        "/customers/options?q=a",
        "/imports/templates/sales.csv",
        "/pay-periods?format=csv",
    ],
)
def test_a_shared_computer_keeps_no_page_file_or_list(company: Company, path: str) -> None:
    answer = company.sign_in("admin").get(path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    answer.get_data()  # a file that is sent bit by bit ends here, not whenever it is forgotten


def test_our_own_scripts_and_styles_are_kept(company: Company) -> None:
    with company.acting():
        path = assets.asset("app.css")
    assert "no-store" not in company.app.test_client().get(path).headers["Cache-Control"]
