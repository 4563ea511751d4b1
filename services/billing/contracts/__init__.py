"""Contracts: what a partner and the platform have agreed in writing, and who the parties are.

Online: GENERATED → VOIDED by the partner. Offline: DRAFT → EFFECTIVE → EXPIRED by the clock;
DRAFT or EFFECTIVE → TERMINATED by the operator. The state is made from the row and the clock
whenever it is read. What always holds: nothing that was agreed changes later; an online contract
has one document, written once, whose SHA-256 stands in the contract and is checked whenever it is
read; the installments of a payment plan are the amount; a number is used once in a tenant.
Documents are kept, not made again: another release of the typesetter or of the font would make
other bytes of the same contract, and a partner may have signed the first ones.
"""
