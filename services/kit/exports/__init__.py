"""Exports: files made of lists, piece by piece, for whoever may see the list.

QUEUED → RUNNING → COMPLETED → EXPIRED | FAILED. A list declares once what can be exported of it;
all else is the same for every list of every service. What always holds: an export shows what its
requester might see when it was asked for, and only to that requester; a part that is noted is in
the storage, whole, and is never written again; the file is the parts in order, so that whoever
goes on after a crash makes the same bytes.
"""
