"""The one truth about places in shelters, shared by all replicas that answer phones.

`open_store` gives a store in memory, in a file of SQLite or on a Redis server. What a store
promises, and what it may lose, is told in `docs/capacity_store.md`.
"""

from evacroute.serving.capacity_store.opening import open_store
from evacroute.serving.capacity_store.records import (
    MAX_NOTICE,
    RETENTION_S,
    TOMBSTONE_S,
    UNLIMITED,
    Answer,
    Counts,
    Held,
    Places,
    Refusal,
    Refused,
    Wish,
    is_as_promised,
)
from evacroute.serving.capacity_store.store import CapacityStore, Line

__all__ = [
    "MAX_NOTICE",
    "RETENTION_S",
    "TOMBSTONE_S",
    "UNLIMITED",
    "Answer",
    "CapacityStore",
    "Counts",
    "Held",
    "Line",
    "Places",
    "Refusal",
    "Refused",
    "Wish",
    "is_as_promised",
    "open_store",
]
