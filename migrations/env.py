"""Alembic's environment: runs as the owner given in DATABASE_URL, one transaction per migration."""

from alembic import context
from sqlalchemy import create_engine, pool, text

url = context.config.attributes.get("database_url") or context.config.get_main_option("sqlalchemy.url")


def run() -> None:
    engine = create_engine(
        str(url).replace("postgresql://", "postgresql+psycopg://", 1), poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        connection.execute(text("set lock_timeout = '10s'"))  # a migration waits for nobody's long query
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


run()
