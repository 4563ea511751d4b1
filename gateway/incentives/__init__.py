"""The graph's part of the incentives service."""
