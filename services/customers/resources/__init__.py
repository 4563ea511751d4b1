"""Resources (客户资源): what customers run, paid by the period or by use.

States by the period: ACTIVE → EXPIRED → FROZEN → CLOSED; renewed from EXPIRED and FROZEN to ACTIVE;
unsubscribed from each to CLOSED. By use: ACTIVE → GRACE → FROZEN → CLOSED; paid up from GRACE and
FROZEN to ACTIVE; ACTIVE ⇄ CHANGING; from each to CLOSING and on to CLOSED. What goes over from the
period to use is ACTIVE then. What always holds: CLOSED is the end; a cloud's id stands once per
customer; the customer knows when the next of its resources expires.
"""
