"""Push services know this server by one key, and each token is for one of them."""

from __future__ import annotations

import re

import msgspec

from server.push.encryption import raw
from server.push.vapid import TOKEN_LIFE_S, Vapid

SECRET, OTHER = b"s" * 32, b"o" * 32
NOW_MS = 1_800_000_000_000


def claims(header: str) -> dict[str, str | int]:
    found: dict[str, str | int] = msgspec.json.decode(raw(header.split(".")[1]))
    return found


def test_the_key_is_that_of_the_installation() -> None:
    assert Vapid(SECRET).public == Vapid(SECRET, "mailto:me@wonder.example").public != Vapid(OTHER).public
    assert len(raw(Vapid(SECRET).public)) == 65
    assert "s" * 32 not in Vapid(SECRET).header("https://push.test", NOW_MS)


def test_a_token_says_for_whom_it_is_how_long_and_who_can_be_asked() -> None:
    header = Vapid(SECRET, "mailto:me@wonder.example").header("https://push.test", NOW_MS)
    assert claims(header) == {
        "aud": "https://push.test",
        "exp": NOW_MS // 1000 + TOKEN_LIFE_S,
        "sub": "mailto:me@wonder.example",
    }
    assert "sub" not in claims(Vapid(SECRET).header("https://push.test", NOW_MS))


def test_a_topic_names_no_room_and_is_another_for_each_browser() -> None:
    vapid = Vapid(SECRET)
    topics = {vapid.topic(room, end) for room in ("wonder", "kitchen") for end in ("https://a", "https://b")}
    assert len(topics) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", topic) for topic in topics)
    assert vapid.topic("wonder", "https://a") in topics
    assert Vapid(OTHER).topic("wonder", "https://a") not in topics
