"""Account managers (客户经理): the people of a partner who look after customers.

They have no states. What always holds: one belongs to one partner, and its login name is unique
there.
"""
