"""What browsers are sent can be read by them alone, as RFC 8291 has it to the byte."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from server.push.encryption import CURVE, PLAIN_BYTES, BadKeys, encrypt, point, raw, receiver, text
from tests.support.push_service import Device

# RFC 8291, Appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
    "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_as_it_stands_there() -> None:
    sender = ec.derive_private_key(int.from_bytes(raw(SENDER), "big"), CURVE)
    made = encrypt(PLAIN, P256DH, AUTH, salt=raw(SALT), sender=sender, length_bytes=len(PLAIN))
    assert text(made) == MESSAGE


def test_messages_have_one_length_and_nobody_else_reads_them() -> None:
    one, other = Device("https://push.test/1"), Device("https://push.test/2")
    keys = one.json()["keys"]
    made = [encrypt(plain, **keys) for plain in (b"", b"a room", b"x" * PLAIN_BYTES)]
    assert [one.read(message) for message in made] == [b"", b"a room", b"x" * PLAIN_BYTES]
    assert len({len(message) for message in made}) == 1
    assert made[1] != encrypt(b"a room", **keys), "salt and key are new each time"
    with pytest.raises(InvalidTag):
        other.read(made[1])
    with pytest.raises(ValueError, match="at most"):
        encrypt(b"x" * (PLAIN_BYTES + 1), **keys)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", ""),
        (P256DH, "c2hvcnQ"),
        (P256DH[:-4], AUTH),
        ("B" + "A" * 86, AUTH),  # no point of the curve
        ("ü" * 87, AUTH),
    ],
)
def test_what_is_no_key_is_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(BadKeys):
        receiver(p256dh, auth)


@given(st.text("AB9-_=+ é", max_size=100), st.text("AB9-_= é", max_size=30))
def test_whatever_is_given_for_keys_is_taken_or_refused(p256dh: str, auth: str) -> None:
    try:
        theirs, secret = receiver(p256dh, auth)
    except BadKeys:
        return
    assert (len(point(theirs)), len(secret)) == (65, 16)
