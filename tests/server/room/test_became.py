from __future__ import annotations

from server.room.became import Became, became
from server.room.commands import Forget, Hide, Restore, RoundStart, RoundStop, Throw
from server.room.events import Voice
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

ROBOT = Voice("voice-robot", "Megaphone", "#00ff00", machine=True)


def thrown(*voices: Voice) -> PureRoom:
    """Return a room in which voices answered one prompt, in this order."""
    room = PureRoom(seed=3)
    room.do(Throw(), ANNA)
    for voice in voices:
        room.land(f"clip of {voice.id}", voice)
    room.pass_time(speakers=())
    return room


def test_who_answered_finds_how_many_people_did_after_them() -> None:
    room = thrown(ANNA, BELA, ROBOT, CLEO)
    prompt = room.state.answered[0].prompt

    assert became(room.state, ANNA.id) == (Became(prompt.id, "answer", prompt.text, 2),)
    assert [each.people for each in became(room.state, BELA.id)] == [1]
    assert became(room.state, CLEO.id) == ()
    assert became(room.state, DORA.id) == ()
    room.do(Hide(f"clip of {BELA.id}"))
    assert [each.people for each in became(room.state, ANNA.id)] == [1]
    assert [each.people for each in became(room.state, BELA.id)] == [1]


def test_whoever_left_a_link_finds_how_many_went_on_and_whether_it_is_whole() -> None:
    room = PureRoom(seed=5)
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart("word_association"), ANNA)
    room.land("a0", ANNA, duration_ms=700)
    room.do(RoundStop(), ANNA)
    for number, voice in enumerate((CLEO, DORA)):
        room.here = room.speakers = (voice.id,)
        room.do(Throw(), voice)
        room.land(f"first {number}", voice)
        room.pass_time()
        room.pass_time()
        room.land(f"link {number}", voice, duration_ms=700)

    (chain,) = (each for each in became(room.state, ANNA.id) if each.kind == "chain")
    assert (chain.of, chain.people, chain.is_over) == (room.state.chains[0].id, 2, False)
    room.do(Hide("link 0"))
    (chain,) = (each for each in became(room.state, ANNA.id) if each.kind == "chain")
    assert chain.people == 1
    room.do(Restore("link 0"))
    room.do(Forget("link 1"), DORA)
    (chain,) = (each for each in became(room.state, ANNA.id) if each.kind == "chain")
    assert chain.people == 1
