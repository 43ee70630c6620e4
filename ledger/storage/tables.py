"""The sequencer's tables, and nothing else. Migrations lead here; see ledger/migrations."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, MetaData, Table

metadata = MetaData()

# In SQLite only a column of exactly this type is the table's own key, and not one more index.
_KEY = BigInteger().with_variant(Integer, "sqlite")

# At most one row: the signed checkpoint last committed, a signed note.
checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("id", BigInteger, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)

# Batches that may not be in durable tiles yet, written as an entry bundle.
staged = Table(
    "log_staged",
    metadata,
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)

# The leaf hashes of the entries from `start` on, in their order; a row stays within one run.
leaves = Table(
    "log_leaves",
    metadata,
    Column("start", _KEY, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

# The same leaf hashes by what they are, run by run: bucket b of run r is in slot 256 * r + b.
buckets = Table(
    "log_bucket",
    metadata,
    Column("slot", _KEY, primary_key=True, autoincrement=False),
    Column("leaves", LargeBinary, nullable=False),
)
