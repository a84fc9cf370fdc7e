"""The tables of the ledger; `migrations/` makes and changes them."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table

metadata = MetaData()
# Tokens that were let in, until they have expired: `token` is a keyed hash of issuer and jti.
seen_tokens = Table(
    "seen_tokens",
    metadata,
    Column("token", LargeBinary(32), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),  # seconds since 1970
    Index("seen_tokens_expires_at", "expires_at"),
)
