"""What a customer is worth: the terms on which purchases count as money, and what is told of each customer."""
