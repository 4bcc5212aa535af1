"""Whether a customer reads what is sent to them (events of the kind `email_open`)."""

from features.declaration import feature
from features.expression import Events, Number


def _opened(e: Events) -> Number:
    return e.where(e["kind"] == "email_open").count()


@feature(of="events", window_days=(91,), empty=0)
def emails_opened(e: Events) -> Number:
    """E-mails opened within the window. Unit: e-mails."""
    return _opened(e)


@feature(of="events", window_days=(182,))
def email_open_rate(e: Events) -> Number:
    """E-mails opened per touch received within the window; nothing without a touch. Unit: ratio."""
    touches = e.of("touches")
    return _opened(e) / touches.where(touches["treatment"]).count()
