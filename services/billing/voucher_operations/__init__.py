"""Operation records: what was done, or refused, to voucher quotas and vouchers, line by line.

A record has no states: it is written once, by what it tells of. What always holds: records are
never changed; a record of something that moved names the transfer that moved it, and each such
transfer has its record; a refusal says why and moved nothing.
"""
