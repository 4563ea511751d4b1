"""Verification codes: a second proof, asked for before sensitive operations (验证码验证).

A challenge waits for its code: OPEN → USED by the operation that it confirmed | EXPIRED after 5
minutes | LOCKED after 5 wrong codes. The code is no secret of a row: it is made of the
challenge's id by a keyed hash whenever it is sent or looked at, so no table, reply or log has it.
What always holds: a challenge is good for one operation of who asked for it, once; a wrong code
is counted though all else that came with it is undone, and counted before the next is looked at.
"""
