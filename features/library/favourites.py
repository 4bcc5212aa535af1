"""What a customer likes best: texts for people to read, and not for models."""

from features.declaration import feature
from features.expression import Events, Text


@feature()
def top_category(e: Events) -> Text:
    """Category of most lines so far; of several the first in the alphabet. Unit: text."""
    return e["category"].top()
