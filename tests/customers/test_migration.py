"""Properties kept under the older keys are found again after the upgrade, in every organization."""

import os
from urllib.parse import urlsplit, urlunsplit

import psycopg
from alembic import command

from webapp.config import Settings
from webapp.kit import ids, schema
from webapp.kit.servers import ensure_database


def test_older_keys_of_properties_become_their_streets_and_back(settings: Settings, worker_id: str) -> None:
    superuser = os.environ["TRUCKROLL_TEST_SERVERS"].split("\n")[0]
    name = f"address_keys_{worker_id}"
    ensure_database(superuser, "truckroll", name)
    url = urlunsplit(urlsplit(settings.database_url)._replace(path=f"/{name}"))
    config = schema.alembic_config(url)
    tenants = [ids.uuid4(), ids.uuid4()]
    try:
        command.upgrade(config, "0003")
        with psycopg.connect(superuser, dbname=name, autocommit=True) as link:
            link.execute("set session_replication_role = replica")  # rows without those they refer to
            for number, tenant in enumerate(tenants):
                link.execute(
                    "insert into directory (kind, lookup_hash, tenant_id) values ('organization', %s, %s)",
                    (str(number).encode(), tenant),
                )
                link.execute(
                    "insert into properties (tenant_id, customer_id, label, address, unit, city, state, zip, address_key,"
                    ' access_notes, "primary", archived, created_at, updated_at)'
                    " values (%s, 1, '', '123 Oak St', '#4', '', '', '33601-1234', '123 oak st|4|33601', '', true, false,"
                    " now(), now())",
                    (tenant,),
                )

            def keys() -> list[str]:
                return [row[0] for row in link.execute("select address_key from properties").fetchall()]

            command.upgrade(config, "0004")
            assert keys() == ["123 oak st"] * 2
            command.downgrade(config, "0003")
            assert keys() == ["123 oak st|4|33601"] * 2
    finally:
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
