"""Leaves in rows of many, and filed by what they are, run by run."""

import sqlalchemy as sa
from alembic import op

from ledger.errors import StorageError
from ledger.storage.leaves import BUCKETS, RUN_SIZE, format_buckets

revision = "0002"
down_revision = "0001"

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the new tables, move every leaf there, and drop the old one."""
    leaves = op.create_table(
        "log_leaves",
        sa.Column("start", _KEY, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    buckets = op.create_table(
        "log_bucket",
        sa.Column("slot", _KEY, primary_key=True, autoincrement=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False),
    )
    connection = op.get_bind()
    old = sa.table("log_leaf", sa.column("entry_index"), sa.column("leaf_hash"))
    start = 0
    while run := _read_run(connection, old, start):
        connection.execute(leaves.insert(), {"start": start, "hashes": b"".join(run)})
        if len(run) == RUN_SIZE:
            slots = enumerate(format_buckets(run), start // RUN_SIZE * BUCKETS)
            rows = [{"slot": slot, "leaves": bucket} for slot, bucket in slots]
            connection.execute(buckets.insert(), rows)
        start += len(run)
    if connection.scalar(sa.select(sa.func.count()).select_from(old)) != start:
        raise StorageError(
            f"the leaf rows of the database have a gap at {start}",
            "run fsck of the version before, and restore a backup",
        )
    op.drop_table("log_leaf")


def _read_run(connection: sa.Connection, old: sa.TableClause, start: int) -> list[bytes]:
    index, leaf = old.c.entry_index, old.c.leaf_hash
    query = sa.select(index, leaf).where(index >= start, index < start + RUN_SIZE).order_by(index)
    rows = connection.execute(query).all()
    whole = [bytes(row[1]) for at, row in enumerate(rows, start) if row[0] == at]
    return whole if len(whole) == len(rows) else []
