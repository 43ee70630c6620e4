"""The sequencer's tables, and nothing else."""

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, MetaData, Table

metadata = MetaData()

# At most one row: the signed checkpoint last committed, a signed note.
checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("id", BigInteger, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)

# Batches that may not be in tiles yet, written as an entry bundle.
staged = Table(
    "log_staged",
    metadata,
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)

# Where each leaf is: what makes the same entry have the same index for ever.
leaf = Table(
    "log_leaf",
    metadata,
    Column("entry_index", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary, nullable=False, unique=True),
)
