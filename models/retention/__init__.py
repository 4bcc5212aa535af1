"""Contracts that are renewed from term to term: how many customers renew, how long they stay, what that is worth.

A customer is how many renewals they have survived and, once lost, before which they were. `renewals` holds such
customers, `lifetime` what every model tells of them, and there is one file a model. They are fitted by
`models.buy_till_you_die.fit`.
"""
