"""`augury pnl`: profit and loss of customers, on a terminal, as files and as a page."""
