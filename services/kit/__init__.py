"""The chassis of a service: no business word in it but those of the principal.

A module belongs here if it would serve a library for frogs equally well.
"""
