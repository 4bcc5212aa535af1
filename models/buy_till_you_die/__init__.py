"""Buy till you die: how often customers buy, whether they still do, and what an order is worth.

A customer is x (repeat purchase days), t_x (first to last purchase day) and T (first purchase day to now), in any one
unit of time. Customers alike in these are one row with a weight (`histories`). One file a process: `bgnbd`, `mbgnbd`,
`pareto_nbd`, `bgbb` for purchases, `gamma_gamma` for amounts. `fit` finds the parameters of each.
"""
