"""The command line: starts everything on one machine, hands out demo tokens, imports files."""
