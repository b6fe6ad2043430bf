"""Monthly partitions: made ahead, filled from the default one, let go of. Runs as the owner.

Every table that is partitioned by range on one moment is kept this way; a partition is named `<table>_<year>_<month>`.
A row that finds no month of its own lies in the default partition until :func:`make_ahead` moves it. All of it
waits for locks a moment only and then gives up: it is done again later, people are not kept waiting for it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import psycopg
from psycopg import sql

AHEAD_MONTHS = 12
FEW_MONTHS = 2  # fewer than these to come, and somebody should be told
PATIENCE = "2s"  # how long a lock may be waited for: what comes after us waits as long
_TURN = 0x70617274  # "part": the advisory lock under which one process at a time changes partitions

Connection: TypeAlias = "psycopg.Connection[Any]"


@dataclass(frozen=True, slots=True)
class Table:
    """A partitioned table, the column it is partitioned by and its default partition (empty when there is none)."""

    name: str
    column: str
    default: str


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """The rows of one month of a table; `month` is counted from the year 0."""

    table: str
    month: int

    @property
    def name(self) -> str:
        return f"{self.table}_{self.month // 12:04d}_{self.month % 12 + 1:02d}"

    @property
    def first(self) -> datetime:
        return start_of(self.month)

    @property
    def after(self) -> datetime:
        """The first moment that is no longer in it."""
        return start_of(self.month + 1)


def month_of(moment: datetime) -> int:
    """A moment's month in UTC, counted from the year 0."""
    moment = moment.astimezone(UTC)
    return moment.year * 12 + moment.month - 1


def start_of(month: int) -> datetime:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def tables(connection: Connection) -> list[Table]:
    """Every table that is partitioned by range on one column holding a moment."""
    found = connection.execute(
        """
        select c.relname, a.attname, coalesce(d.relname, '')
        from pg_partitioned_table p
        join pg_class c on c.oid = p.partrelid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
        left join pg_class d on d.oid = p.partdefid
        where c.relnamespace = 'public'::regnamespace and p.partstrat = 'r' and p.partnatts = 1
          and a.atttypid = 'timestamptz'::regtype
        order by 1
        """
    ).fetchall()
    return [Table(*map(str, row)) for row in found]


def of(connection: Connection, table: str) -> list[Partition]:
    """The monthly partitions of a table, the oldest first."""
    found = connection.execute(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = to_regclass(quote_ident(%s))",
        (table,),
    ).fetchall()
    parts = (re.fullmatch(re.escape(table) + r"_(\d{4})_(\d\d)", str(name)) for (name,) in found)
    return sorted(Partition(table, int(part[1]) * 12 + int(part[2]) - 1) for part in parts if part)


def months_ahead(connection: Connection, now: datetime) -> int:
    """For how many whole months after the present one every table has partitions; -1 when not even for this one."""
    ahead = [AHEAD_MONTHS]
    for table in tables(connection):
        months = {partition.month for partition in of(connection, table.name)}
        present = month_of(now)
        ahead.append(next(n for n in range(len(months) + 1) if present + n not in months) - 1)
    return min(ahead)


def make_ahead(connection: Connection, now: datetime) -> list[str]:
    """Give every table its partitions from the present month to twelve months on, and empty its default partition
    into the months that its rows belong to. The names of the partitions made.

    One transaction per table. Raises psycopg.errors.LockNotAvailable when somebody reads or writes for too long.
    """
    made: list[str] = []
    present = month_of(now)
    for table in tables(connection):
        there = {partition.month for partition in of(connection, table.name)}
        wanted = set(range(present, present + AHEAD_MONTHS + 1)) - there
        if not wanted and not _size(connection, table.default):
            continue
        with connection.transaction():
            _take_turn(connection)
            made += _make(connection, table, set(range(present, present + AHEAD_MONTHS + 1)))
    return made


def expired(connection: Connection, table: str, before: datetime) -> list[Partition]:
    """The partitions of a table that hold nothing from `before` on."""
    return [partition for partition in of(connection, table) if partition.after <= before]


def drop(connection: Connection, partition: Partition) -> None:
    """Let go of a partition with all its rows. Raises psycopg.errors.LockNotAvailable when the table is too busy."""
    with connection.transaction():
        _take_turn(connection)
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(partition.name)))


def _take_turn(connection: Connection) -> None:
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(PATIENCE)))
    connection.execute("select pg_advisory_xact_lock(%s)", (_TURN,))


def _size(connection: Connection, table: str) -> int:
    """Bytes of a table: of the default partition, the rows cannot be counted from outside its policy."""
    if not table:
        return 0
    row = connection.execute("select pg_relation_size(to_regclass(quote_ident(%s)))", (table,)).fetchone()
    return int(row[0]) if row else 0


def _make(connection: Connection, table: Table, wanted: set[int]) -> list[str]:
    there = {partition.month for partition in of(connection, table.name)}
    stray: set[int] = set()
    if _size(connection, table.default):
        # the owner is under the policies as well: for this transaction, in which nobody else can open the table, not
        _force(connection, table.default, on=False)
        stray = _months_in(connection, table)
    made = [Partition(table.name, month) for month in sorted((wanted | stray) - there)]
    for partition in made:
        _create(connection, table, partition)
    if table.default and _size(connection, table.default):
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table.default)))
    # only now: no partition may be attached while the default one holds a row of its month
    for partition in made:
        _attach(connection, table, partition)
    if table.default:
        _force(connection, table.default, on=True)
    return [partition.name for partition in made]


def _force(connection: Connection, table: str, *, on: bool) -> None:
    word = sql.SQL("FORCE" if on else "NO FORCE")
    connection.execute(sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(sql.Identifier(table), word))


def _months_in(connection: Connection, table: Table) -> set[int]:
    found = connection.execute(
        sql.SQL("select distinct date_trunc('month', {} at time zone 'UTC') from {}").format(
            sql.Identifier(table.column), sql.Identifier(table.default)
        )
    ).fetchall()
    return {month_of(moment.replace(tzinfo=UTC)) for (moment,) in found}


def _create(connection: Connection, table: Table, partition: Partition) -> None:
    """The month's table beside the others, with what the default partition holds of it.

    Attached later instead of created in its place: that would lock the whole table against reading.
    """
    name, column = sql.Identifier(partition.name), sql.Identifier(table.column)
    bounds = {"first": sql.Literal(partition.first), "after": sql.Literal(partition.after), "column": column}
    run = connection.execute
    run(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(name, sql.Identifier(table.name)))
    if table.default:
        run(
            sql.SQL(
                "INSERT INTO {} SELECT * FROM {} WHERE {column} >= {first} AND {column} < {after}"
            ).format(name, sql.Identifier(table.default), **bounds)
        )


def _attach(connection: Connection, table: Table, partition: Partition) -> None:
    parent, name = sql.Identifier(table.name), sql.Identifier(partition.name)
    run = connection.execute
    run(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, name, sql.Literal(partition.first), sql.Literal(partition.after)
        )
    )
    # reached through the table only: no grants, and its policies should anybody grant one
    run(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
    _force(connection, partition.name, on=True)
    policies = run(
        "select polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) from pg_policy"
        " where polrelid = to_regclass(quote_ident(%s)) and polroles = '{0}' and polcmd = '*'",
        (table.name,),
    ).fetchall()
    for policy, using, check in policies:
        run(
            sql.SQL("CREATE POLICY {} ON {} USING ({}) WITH CHECK ({})").format(
                sql.Identifier(policy), name, sql.SQL(using), sql.SQL(check)
            )
        )
