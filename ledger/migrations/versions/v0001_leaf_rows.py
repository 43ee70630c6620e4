"""The first tables: a row for each leaf."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "log_checkpoint",
        sa.Column("id", sa.BigInteger, sa.CheckConstraint("id = 1"), primary_key=True),
        sa.Column("note", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_staged",
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_leaf",
        sa.Column("entry_index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False, unique=True),
    )
