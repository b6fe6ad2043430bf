"""Commission rates over the API."""

from typing import Any

import pytest

from tests.factories import sales
from tests.factories.world import Company
from tests.sales.test_api import World, world

__all__ = ["world"]


def test_every_level_can_be_set_read_and_removed(world: World, company: Company) -> None:
    with company.acting():
        category = sales.category().id
    tech, item = world.technician_id, world.item_id
    levels = {
        f"tech/{tech}/item/{item}": "technician_item",
        f"tech/{tech}/category/{category}": "technician_category",
        f"item/{item}": "item",
        f"category/{category}": "category",
        f"tech/{tech}": "technician",
        "company": "company",
    }
    for path, level in levels.items():
        put = world.api.put(f"/admin/commission-config/{path}", {"commission_rate_bps": 640}).json["data"]
        assert (put["level"], put["commission_rate_bps"], put["description"]) == (level, 640, "6.4%")
        assert world.api.get(f"/admin/commission-config/{path}").json["data"] == put
    listed = world.api.get("/admin/commission-config").json["data"]
    assert [r["level"] for r in listed["items"]] == list(reversed(list(levels.values())))
    for path in levels:
        assert world.api.delete(f"/admin/commission-config/{path}").json["data"] == {"removed": True}
        assert world.api.get(f"/admin/commission-config/{path}").status_code == 404
        assert world.api.delete(f"/admin/commission-config/{path}").status_code == 404


def test_tiers_flat_amounts_and_scales_go_in_and_come_out(world: World) -> None:
    tiers = [{"up_to_cents": 100_000, "rate_bps": 500}, {"up_to_cents": None, "rate_bps": 800}]
    scale = [{"discount_bps": 1000, "pays_bps": 5000}]
    put = world.api.put(
        f"/admin/commission-config/item/{world.item_id}",
        {"structure": "tiered", "tiers": tiers, "discount_scale_enabled": True, "discount_scale": scale},
    )
    assert (put.json["data"]["tiers"], put.json["data"]["discount_scale"]) == (tiers, scale)
    flat = world.api.put(
        f"/admin/commission-config/item/{world.item_id}", {"structure": "flat", "flat_cents": 2500}
    )
    assert (flat.json["data"]["flat_cents"], flat.json["data"]["tiers"]) == (2500, [])
    company_scale = world.api.put("/admin/commission-config/discount-scale", {"discount_scale": scale})
    assert company_scale.json["data"] == {"discount_scale": scale}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "commission_rate_bps"),
        ({"commission_rate_bps": 10_001}, "commission_rate_bps"),
        ({"commission_rate_bps": -1}, "commission_rate_bps"),
        ({"commission_rate_bps": "750"}, "commission_rate_bps"),
        ({"commission_rate_bps": 7.5}, "commission_rate_bps"),
        ({"structure": "flat"}, "flat_cents"),
        ({"structure": "flat", "flat_cents": 1, "commission_rate_bps": 5}, "commission_rate_bps"),
        ({"structure": "flat", "flat_cents": 10**12}, "flat_cents"),
        ({"structure": "tiered", "tiers": []}, "tiers"),
        ({"structure": "tiered", "tiers": [{"up_to_cents": 5, "rate_bps": 5}]}, "tiers.0.up_to_cents"),
        ({"structure": "weird"}, "structure"),
        ({"commission_rate_bps": 1, "ov_rate_bps": 20_000}, "ov_rate_bps"),
        ({"commission_rate_bps": 1, "discount_scale": [{"discount_bps": 5, "pays_bps": 1}, {"discount_bps": 5, "pays_bps": 1}]},
         "discount_scale.1.discount_bps"),
        ({"commission_rate_bps": 1, "rate": 5}, "rate"),
    ],
)  # fmt: skip
def test_a_rate_that_makes_no_sense_is_refused_at_its_field(
    world: World, body: dict[str, Any], field: str
) -> None:
    answer = world.api.put("/admin/commission-config/company", body)
    assert answer.status_code == 422
    assert field in answer.json["error"]["details"]["fields"], answer.json


def test_resolve_says_which_rate_wins_and_why(world: World) -> None:
    world.api.put("/admin/commission-config/company", {"commission_rate_bps": 500, "ov_rate_bps": 100})
    found = world.api.get(
        f"/admin/commission-config/resolve?technician_id={world.technician_id}&item_id={world.item_id}"
    ).json["data"]
    assert (found["level"], found["commission_rate_bps"]) == ("technician_item", 750)
    assert (found["ov_rate_bps"], found["ov_rate_from"]) == (100, "Company default")
    assert [(c["level"], c["used"]) for c in found["considered"]] == [
        ("technician_item", True),
        ("company", False),
    ]
    assert found["considered"][1]["why"].startswith("Mike Johnson on AC tune-up is more specific.")
