"""The tables of the private store, and nothing else; `ledger.catalogue` makes them."""

import sqlalchemy as sa

metadata = sa.MetaData()
subjects = sa.Table(
    "subjects",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("role", sa.String(16), primary_key=True),
    sa.Column("entry_index", sa.BigInteger, primary_key=True, index=True, autoincrement=False),
)
private_records = sa.Table(
    "private_records",
    metadata,
    sa.Column("leaf_hash", sa.LargeBinary(32), primary_key=True),
    # Null until the entry is seen in the log: a crash between the two leaves such a row behind.
    sa.Column("entry_index", sa.BigInteger, index=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
followed = sa.Table(
    "followed",
    metadata,
    # One row, whoever makes it: two marks would both move, and the rows be taken in by nobody.
    sa.Column("id", sa.BigInteger, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
)
