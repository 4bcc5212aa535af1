"""Records of one person without a common key, found by what they say: rows for the table `identities`."""

from features.linkage.link import link

__all__ = ["link"]
