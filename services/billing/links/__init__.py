"""Customer links: what billing knows of each customer, as the customers service pushed it last.

A link says to whom a customer belongs, by which association, and what its people are called.
It has no states. What always holds: a link's version only rises, so that late or repeated
pushes never bring back what was; each customer has one link at most.
"""
