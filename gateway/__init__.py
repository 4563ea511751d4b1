"""The one graph over the four services, for browsers and programs."""
