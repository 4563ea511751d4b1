"""The graph's part of the billing service: voucher quotas, vouchers, consumption."""
