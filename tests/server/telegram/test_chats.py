from __future__ import annotations

from server.telegram.chats import CHAT_KEPT_MS, ROOMS_KEPT, Chats


class Now:
    ms = 0

    def __call__(self) -> int:
        return self.ms


def test_a_chat_is_the_same_until_a_day_after_its_last_message() -> None:
    now = Now()
    chats = Chats(now)
    chat = chats.of(7)
    now.ms += CHAT_KEPT_MS - 1
    assert chats.of(7) is chat
    now.ms += CHAT_KEPT_MS
    assert chats.of(7).key != chat.key
    assert len(chats) == 1


def test_what_is_kept_of_a_chat_does_not_tell_it() -> None:
    one, other = Chats(Now()), Chats(Now())
    assert one.tag(7) != other.tag(7)
    assert "123456789" not in repr(one.of(123456789))


def test_of_too_many_the_one_that_was_silent_longest_goes() -> None:
    chats = Chats(Now(), size=2)
    first, second = chats.of(1), chats.of(2)
    chats.of(1)
    chats.of(3)
    assert chats.of(1) is first
    assert chats.of(2) is not second
    assert len(chats) == 2


def test_it_can_be_forgotten_twice() -> None:
    chats = Chats(Now())
    chat = chats.of(1)
    chats.forget(chat)
    again = chats.of(1)
    chats.forget(chat)
    assert chats.of(1) is again


def test_the_rooms_in_which_it_left_something_are_bounded() -> None:
    chat = Chats(Now()).of(1)
    for number in range(2 * ROOMS_KEPT):
        chat.leaves_something(f"room{number}")
        chat.agrees(f"room{number}")
    assert len(chat.left_in) == len(chat.agreed_in) == ROOMS_KEPT
    assert f"room{2 * ROOMS_KEPT - 1}" in chat.left_in
