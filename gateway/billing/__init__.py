"""The graph's part of the billing service: accounts, top-ups, statements, vouchers, consumption."""
