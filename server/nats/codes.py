"""Codes of JetStream's refusals (`err_code`), as far as somebody here does something about them."""

from __future__ import annotations

JETSTREAM_CODES = 10_000  # below are those of the protocol: nothing of JetStream's answers

NO_LEADER = 10008  # "JetStream system temporarily unavailable"
NO_CONSUMER = 10014
NO_MESSAGE = 10037
NAME_IN_USE = 10058
NO_STREAM = 10059
NO_REPLICAS = 10074  # of a server that is in no cluster
# Something else is the newest of the subject; the second: or another message to it is on its way.
WRONG_SEQUENCE, WRONG_SEQUENCE_MAYBE = 10071, 10164
# Resources and storage of the server or the account; a message that cannot be stored, as where a stream has
# all the bytes that it may have; and a stream beyond what the account may have.
FULL = (10023, 10047, 10077, 10122)
# No message by sequence; one that was deleted; a sequence that is not there.
NOT_THERE = (10037, 10043, 10057)
