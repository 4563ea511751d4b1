"""The four services and the kit that they are built from."""
