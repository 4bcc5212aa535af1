"""Who is whom, and from when on: ids that are merged into one customer, and parted again, as a map in time."""

from features.identity.identities import Identities

__all__ = ["Identities"]
