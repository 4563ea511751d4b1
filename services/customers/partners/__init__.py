"""Partners (合作伙伴): the root that is the tenant, and a distributor's resellers (云经销商).

States of a reseller: INVITED → PENDING_DISTRIBUTOR_REVIEW → ACTIVE ⇄ FROZEN, and LEFT from each.
What always holds: a tenant has one root partner, and its id is the tenant's; only a distributor has
resellers, and all of them deal in its currency.
"""
