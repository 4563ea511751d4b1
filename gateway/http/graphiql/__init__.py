"""The query page: what is ours of it, and how to fetch what is not."""
