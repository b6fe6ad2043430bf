"""House rules of tables, read from the database's own catalogue."""

from typing import Any

from sqlalchemy import Float, Numeric

from webapp.kit.db import Base
from webapp.models import Organization

OPEN = {"directory", "alembic_version"}
PREDICATE = "(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS \"nullif\"))"


def tables(superuser: Any) -> list[tuple[str, bool, bool]]:
    found = superuser.execute(
        "select relname, relrowsecurity, relforcerowsecurity from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and relkind in ('r', 'p')"
    ).fetchall()
    return [row for row in found if row[0] not in OPEN]


def test_row_level_security_is_on_and_forced_on_every_table(superuser: Any) -> None:
    found = tables(superuser)
    assert len(found) > 30
    assert [name for name, on, forced in found if not (on and forced)] == []


def test_every_policy_is_the_tenant_policy(superuser: Any) -> None:
    policies = superuser.execute(
        "select tablename, policyname, cmd, qual, with_check from pg_policies"
    ).fetchall()
    by_table = {table: (cmd, qual, check) for table, name, cmd, qual, check in policies if name == "tenant"}
    assert {name for name, _, _ in tables(superuser)} == set(by_table)
    assert {t: p for t, p in by_table.items() if p != ("ALL", PREDICATE, PREDICATE)} == {}
    # besides, the clock may read the routing columns of jobs, and nothing else is open to anybody
    assert [(t, n) for t, n, *_ in policies if n != "tenant"] == [("jobs", "clock")]


def test_tenant_id_leads_every_primary_and_unique_key(superuser: Any) -> None:
    rows = superuser.execute(
        """select t.relname, i.relname, a.attname from pg_index x
           join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
           join pg_namespace n on n.oid = t.relnamespace
           join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0]
           where n.nspname = 'public' and x.indisunique"""
    ).fetchall()
    assert [r for r in rows if r[0] not in OPEN and r[2] != "tenant_id"] == []


def test_every_foreign_key_carries_the_tenant_and_is_indexed(superuser: Any) -> None:
    keys = superuser.execute(
        """select t.relname, array(select a.attname::text from unnest(c.conkey) with ordinality k(n, o)
                            join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by o)
           from pg_constraint c join pg_class t on t.oid = c.conrelid where c.contype = 'f' and c.conparentid = 0"""
    ).fetchall()
    indexes = superuser.execute(
        """select t.relname, array(select a.attname::text from unnest(x.indkey::int[]) with ordinality k(n, o)
                            join pg_attribute a on a.attrelid = t.oid and a.attnum = k.n order by o)
           from pg_index x join pg_class t on t.oid = x.indrelid"""
    ).fetchall()
    assert keys
    assert [k for k in keys if k[1][0] != "tenant_id"] == []
    bare = [
        (table, columns) for table, columns in keys
        if not any(t == table and set(found[: len(columns)]) == set(columns) for t, found in indexes)
    ]  # fmt: skip
    assert bare == []


def test_the_application_may_neither_change_the_past_nor_own_anything(superuser: Any) -> None:
    role = "truckroll_app"
    for table in ("audit_entries", "events"):
        for right in ("UPDATE", "DELETE", "TRUNCATE"):
            assert not superuser.execute(
                "select has_table_privilege(%s, %s, %s)", (role, table, right)
            ).fetchone()[0]
        assert superuser.execute("select has_table_privilege(%s, %s, 'INSERT')", (role, table)).fetchone()[0]
    owned = superuser.execute(
        "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = %s", (role,)
    ).fetchone()[0]
    assert owned == 0
    partitions = superuser.execute(
        "select relname from pg_class where relispartition and relkind = 'r' and has_table_privilege(%s, oid, 'SELECT')",
        (role,),
    ).fetchall()
    assert partitions == []


def test_no_column_of_the_models_is_a_float_or_a_decimal_amount() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if column.name.endswith(("latitude", "longitude")):
                continue
            assert not isinstance(column.type, Float | Numeric), f"{table.name}.{column.name}"
            if column.name.endswith("_cents"):
                assert column.type.python_type is int


def test_models_and_migrations_agree(superuser: Any) -> None:
    columns = superuser.execute(
        "select table_name, column_name, is_nullable from information_schema.columns where table_schema = 'public'"
    ).fetchall()
    inside = {(t, c): n == "YES" for t, c, n in columns}
    models = {(t.name, c.name): bool(c.nullable) for t in Base.metadata.tables.values() for c in t.columns}
    assert Organization.__tablename__ in Base.metadata.tables
    assert {k: v for k, v in models.items() if inside.get(k) != v} == {}
    known = {t.name for t in Base.metadata.tables.values()}
    assert {k for k in inside if k[0] in known and k not in models} == set()
    indexes = {
        r[0]
        for r in superuser.execute("select indexname from pg_indexes where schemaname = 'public'").fetchall()
    }
    wanted = {i.name for t in Base.metadata.tables.values() for i in t.indexes}
    assert wanted - indexes == set()
