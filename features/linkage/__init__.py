"""Customers who are there several times without a common key, found by what they say: an extra, by Splink."""

from features.linkage.link import link
from features.linkage.linked import Linked

__all__ = ["Linked", "link"]
