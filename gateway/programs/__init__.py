"""The graph's part of the programs service."""
