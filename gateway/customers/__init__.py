"""The graph's part of the customers service: partners, account managers, customers, resources."""
