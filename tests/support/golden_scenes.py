"""Scenes of the golden logs: rooms in which things happen, each told from its beginning."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from games.parts import OpenChallenge, Secret
from games.round import (
    ChallengeMade,
    HelpGiven,
    Prompt,
    RevealedTake,
    RoleGiven,
    RoundClosed,
    RoundJoined,
    RoundLeft,
    RoundOpened,
    RoundPaused,
    RoundRevealed,
    TurnGiven,
    TurnPassed,
    VerdictGiven,
)
from server.room.commands import (
    EXPIRED,
    Again,
    Agree,
    Answer,
    Asked,
    Caption,
    Forget,
    Hide,
    MakeHook,
    Oversee,
    Pass,
    React,
    Remove,
    RemoveHook,
    Report,
    Restore,
    RoundJoin,
    RoundStart,
    RoundStop,
    Say,
    Suggest,
    Throw,
    Vote,
    WantTopic,
)
from server.room.events import (
    AdminActed,
    ClipCaptioned,
    ClipLanded,
    Draft,
    Event,
    Fact,
    KeeperGiven,
    KeeperSeen,
    NetworkMuted,
    RoomChanged,
    RoomClosed,
    Voice,
    VoiceMuted,
    numbered,
)
from server.room.kinds import DAY_MS
from server.room.state import RoomState, apply
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom


class SentRoom(PureRoom):
    """Keeps its events as they were sent, beside those of its log, where what was forgotten is blanked."""

    def __init__(self, kind: str = "wonder", *, seed: int = 1, language: str = "en") -> None:
        self.sent: list[Event] = []
        super().__init__(kind, seed=seed, language=language)

    def _erase(self, facts: list[Fact], before: RoomState) -> None:
        self.sent += self.events[len(self.events) - len(facts) :]
        super()._erase(facts, before)

    def happen(self, fact: Fact, by: Voice | None = None) -> None:
        """Fold a fact without a command."""
        event = numbered(Draft(fact, self.now_ms, by), self.state.head + 1, self.state.head)
        self.events.append(event)
        self.sent.append(event)
        self.state = apply(self.state, event)


def chat() -> SentRoom:
    """Texts, reactions, and somebody who takes all back."""
    room = SentRoom("topic", seed=11)
    for voice, text in ((ANNA, "hello"), (BELA, "Grüße 🌍"), (ANNA, "again"), (CLEO, "me too")):
        room.now_ms += 700
        room.do(Say(text), voice)
    room.do(React("2", "😀"), CLEO)
    room.do(Forget(everything=True), ANNA)
    return room


def thrown() -> SentRoom:
    """A prompt that two answer and vote on, a silent one, a free clip, and one taken back."""
    room = SentRoom(seed=12)
    room.do(Throw(), ANNA)
    room.land("clip-a", ANNA, onset_ms=640)
    room.land("clip-b", BELA, onset_ms=1_900)
    words = (("a", 40, 120), ("wet", 130, 400), ("umbrella", 420, 900))
    room.do(Caption(ClipCaptioned("clip-a", "a wet umbrella", "en", words=words, by="test")))
    room.do(Vote(room.turn().round, "clip-b", 3), ANNA)
    room.pass_time()
    room.do(Throw())
    room.pass_time()
    room.land("clip-c", CLEO)
    room.do(React("clip-c", "❤️"), ANNA)
    room.do(Forget("clip-a"), ANNA)
    return room


def chain() -> SentRoom:
    """A chain of words, started again once, that is still running."""
    room = SentRoom("language", seed=13, language="de")
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("w1", ANNA, duration_ms=4_200)
    room.do(Again(), ANNA)
    room.land("w2", ANNA, duration_ms=600)
    room.now_ms = room.turn().go_at_ms
    room.land("w3", BELA, duration_ms=700)
    return room


def meld() -> SentRoom:
    """Two hidden takes that are revealed together, one captioned before, one written; then one stopped."""
    room = SentRoom(seed=14)
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(Again(), ANNA)
    room.land("m1", ANNA, duration_ms=500)
    room.do(Caption(ClipCaptioned("m1", "moon", "en", words=(("moon", 60, 450),), by="test")))
    room.land("m2", BELA, duration_ms=600)
    room.do(Vote(room.turn().round, "m2", -1), ANNA)
    room.do(Vote(room.turn().round, "m1", -1), BELA)
    room.now_ms = room.turn().go_at_ms
    room.do(Answer(room.turn().round, "cheese"), ANNA)
    room.land("m3", BELA, duration_ms=650)
    room.pass_time()
    room.land("m4", ANNA, duration_ms=700)
    room.do(RoundStop(), BELA)
    return room


def duel() -> SentRoom:
    """A duel with a fault that votes overrule, a topic suggested, dice, and a replay at the end."""
    room = SentRoom("arena", seed=15)
    room.do(Suggest("Two left socks"), CLEO)
    room.do(Say("/roll 2d6+1"), CLEO)
    room.do(RoundStart("insult_duel"), ANNA)
    room.do(RoundJoin(), BELA)
    for number in range(1, 7):
        room.now_ms = room.turn().go_at_ms
        room.land(f"d{number}", (ANNA, BELA)[(number - 1) % 2])
    for clip in ("d1", "d3"):
        room.do(Caption(ClipCaptioned(clip, "your hat is a soup bowl", "en")))
    for voice in (BELA, CLEO):
        room.do(Vote(room.turn().round, "d3", 5), voice)
    room.pass_time()
    return room


def taken_back() -> SentRoom:
    """Takes, answers, texts, dice and topics are forgotten while others repeat their words."""
    room = SentRoom("roleplay", seed=16)
    room.do(Suggest("Two left socks"), CLEO)
    room.do(Suggest("A drawer of keys"), CLEO)
    room.do(Say("/roll 1d6"), CLEO)
    room.do(WantTopic(), ANNA)
    room.do(RoundStart("last_word_first"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("t1", ANNA)
    room.do(Caption(ClipCaptioned("t1", "the moon is cheese", "en")))
    room.now_ms = room.turn().go_at_ms
    room.do(Answer(room.turn().round, "Moon, says who?"), BELA)
    room.now_ms = room.turn().go_at_ms
    room.land("t2", ANNA)
    room.do(Caption(ClipCaptioned("t2", "who ate the moon", "en")))
    room.happen(VerdictGiven(room.turn().round, "t2", "heard_before", "The moon was there already."))
    room.happen(VerdictGiven(room.turn().round, "t2", "late", "A little late."))
    room.do(React("t1", "😀"), BELA)
    room.do(Report("t2", "noise"), CLEO)
    room.do(Forget("t1"), ANNA)
    room.do(RoundStop(), ANNA)
    room.do(Forget(everything=True), BELA)
    room.do(Throw(), ANNA)
    room.do(Forget(everything=True), CLEO)
    return room


def secrets() -> SentRoom:
    """A role of which only its player knows, and a hidden take that is taken back before it is revealed."""
    room = SentRoom(seed=17)
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(Again(), BELA)
    room.land("s1", ANNA, duration_ms=500)
    room.do(Forget("s1"), ANNA)
    room.happen(RoleGiven(room.turn().round, BELA.id, "the teller", "a comb"), BELA)
    room.do(RoundStop(), BELA)
    return room


def governed() -> SentRoom:
    """A room whose words change, in which a voice is muted, and that is closed."""
    room = SentRoom("topic", seed=18)
    room.happen(RoomChanged(name="Rain", theme="what falls", live=True))
    room.happen(RoomChanged())
    room.do(Say("hello"), BELA)
    room.do(Suggest("what drips"), BELA)
    room.do(Remove("", EXPIRED, seq=room.state.head - 1))
    room.do(Remove("", EXPIRED, seq=room.state.head - 1))
    room.happen(VoiceMuted(BELA.id, room.now_ms + 60_000))
    room.happen(NetworkMuted("n1", room.now_ms + 60_000))
    room.happen(RoomChanged(locked=True, slow=True, hold=True))
    room.happen(RoomChanged(locked=False))
    room.happen(KeeperGiven(ANNA.id))
    room.happen(KeeperSeen(ANNA.id))
    room.happen(AdminActed("mute", BELA.id, "a note"))
    room.happen(RoomClosed("quiet"))
    return room


def spoken() -> SentRoom:
    """Words that come after their takes: a chain that waits for one, and one mind that ends a round."""
    room = SentRoom(seed=19)
    room.captions = True
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("s1", ANNA, duration_ms=600)
    room.do(Caption(ClipCaptioned("s1", "rain", "en")))
    room.now_ms = room.turn().go_at_ms
    room.land("s2", BELA, duration_ms=700)
    room.pass_time()
    room.do(RoundStop(), ANNA)
    room.do(Caption(ClipCaptioned("s2", "rain", "en")))
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(Again(), ANNA)
    room.now_ms = room.turn().go_at_ms
    room.land("s3", ANNA, duration_ms=500)
    room.land("s4", BELA, duration_ms=500)
    room.do(Caption(ClipCaptioned("s4", "moon", "en")))
    room.do(Caption(ClipCaptioned("s3", "moon", "en")))
    return room


def decided() -> SentRoom:
    """What was reported is hidden, restored or removed; players agree to another round, or not to."""
    room = SentRoom(seed=20)
    room.do(Throw(), ANNA)
    room.land("r1", ANNA)
    room.land("r2", BELA)
    room.do(Say("rude"), ANNA)
    said = room.state.head
    for voice in (BELA, CLEO, DORA):
        room.do(Report("r1", "rude"), voice)
        room.do(Report("", "rude", "to me", said), voice)
    room.do(Restore(seq=said))
    room.do(Restore("r1"))
    for voice in (ANNA, CLEO, DORA):
        room.do(Report("r2", "noise"), voice)
    room.do(Remove("r2", "moderated"))
    room.do(Hide("r1"))
    room.do(Hide(seq=said))
    room.here = room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundStart("mind_meld"), BELA)
    room.do(Agree(_proposal(room), value=False), CLEO)
    room.do(Agree(_proposal(room), value=True), ANNA)
    room.do(RoundStop(), CLEO)
    room.do(Agree(_proposal(room), value=False), ANNA)
    return room


def held() -> SentRoom:
    """Clips that a filter holds: in turn, out of turn, hidden in a round; passed, voted on, removed."""
    room = SentRoom(seed=23)
    room.captions = True
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("h1", ANNA, duration_ms=900)
    room.do(Caption(ClipCaptioned("h1", "call 0171 2345678", "en", words=(("call", 0, 300),), by="test")))
    room.do(RoundStop(), ANNA)
    room.here = room.speakers = (ANNA.id, BELA.id, CLEO.id, DORA.id)
    for voice, value in ((BELA, True), (CLEO, False), (CLEO, None), (CLEO, True), (DORA, True)):
        room.do(Pass("h1", value), voice)
    for clip in ("h2", "h3", "h4"):
        room.land(clip, BELA)
        room.do(Caption(ClipCaptioned(clip, "write to me at anna@example.org", "en", by="test")))
    room.do(Pass("h2", value=True), CLEO)
    room.do(Hide("h2"))
    room.do(Restore("h2"))
    room.do(Hide("h3"))
    room.do(Remove("h3", "moderated"))
    room.here = room.speakers = ()
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(Again(), ANNA)
    room.now_ms = room.turn().go_at_ms
    room.land("h5", ANNA, duration_ms=500)
    room.do(Caption(ClipCaptioned("h5", "www.example.org", "en", words=(("www.example.org", 0, 400),))))
    room.land("h6", BELA, duration_ms=500)
    room.do(Restore("h5"))
    return room


def machines() -> SentRoom:
    """A room with a character, in which a machine writes, by itself and by a hook, and plays."""
    room = SentRoom("topic", seed=24)
    room.happen(RoomChanged(character="megaphone"))
    room.machines = (CLEO.id,)
    room.do(Say("I am a toaster"), CLEO)
    room.do(Oversee(MakeHook("hook-0001")))
    room.do(Oversee(MakeHook("hook-0002")))
    room.do(Say("the kettle is on"), replace(DORA, machine=True))
    room.do(Oversee(RemoveHook("hook-0001")))
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), CLEO)
    room.land("m1", ANNA, duration_ms=600)
    room.now_ms = room.turn().go_at_ms
    room.do(Answer(room.turn().round, "crumbs"), CLEO)
    room.land("m2", ANNA, duration_ms=600)
    room.do(RoundStop(), ANNA)
    room.happen(RoomChanged(character=""))
    return room


def _proposal(room: SentRoom) -> str:
    proposal = room.state.governed.proposal
    return proposal.id if proposal else ""


def paced() -> SentRoom:
    """A chain in which some pass, get a word, leave, sit out, come late and come back, until one is alone."""
    room = SentRoom(seed=20)
    room.do(RoundStart("word_association"), ANNA)
    id_ = room.turn().round
    room.happen(RoundJoined(id_, BELA.id), BELA)
    room.happen(HelpGiven(id_, 1, ANNA.id, "rain"), ANNA)
    room.land("p1", ANNA, duration_ms=600)
    room.happen(TurnPassed(id_, 2, BELA.id), BELA)
    room.happen(RoundLeft(id_, ANNA.id, "out"), ANNA)
    room.happen(RoundJoined(id_, CLEO.id, late=True), CLEO)
    room.happen(RoundLeft(id_, BELA.id, "silent"))
    room.happen(RoundPaused(id_, room.now_ms + 20_000))
    room.happen(RoundJoined(id_, BELA.id), BELA)
    room.happen(RoundLeft(id_, CLEO.id, "gone"))
    room.happen(RoundPaused(id_, room.now_ms + 20_000))
    return room


def ended() -> SentRoom:
    """Takes that are challenged, staged and crowned; one is taken back before the end, one after."""
    room = SentRoom("humour", seed=21)
    room.do(RoundStart("world_worst"), ANNA)
    for number, voice in enumerate((ANNA, BELA, CLEO), 1):
        room.land(f"e{number}", voice)
    id_, at_ms = room.turn().round, room.now_ms
    for clip in ("e1", "e2"):
        room.happen(ChallengeMade(id_, clip, CLEO.id), CLEO)
    room.do(Forget("e1"), ANNA)
    room.happen(TurnGiven(id_, 2, "Vote!", at_ms, at_ms + 6_000, act="vote", clips=("e2", "e3")))
    secrets = (Secret(BELA.id, "the king", "a hat"),)
    clips = ("e2", "e3")
    undecided = tuple(OpenChallenge(clip, CLEO.id) for clip in clips)
    told = RoundClosed(id_, "done", clips, clips, "", "", "votes", clips, secrets, True, 5, "e2", at_ms)
    room.happen(replace(told, undecided=undecided))
    room.do(Forget("e2"), BELA)
    return room


def masked() -> SentRoom:
    """A room in which everyone wears a mask, a round that has another, and a hidden take that is revealed."""
    room = SentRoom("roleplay", seed=22)
    room.happen(RoomChanged(mask="giant"))
    room.happen(RoundOpened("r-mouse", "mind_meld", "snap", hidden=True, mask="mouse"))
    room.happen(TurnGiven("r-mouse", 1, "Go!", room.now_ms, room.now_ms + 5_000, hidden=True))
    for clip, voice, hidden in (("k1", ANNA, False), ("k2", BELA, True)):
        landed = ClipLanded(clip, 900, 120, 0, -16.0, (0, 50, 100), masked=True, mask="mouse", speech_ms=700)
        room.happen(replace(landed, round="r-mouse", turn=1, hidden=hidden), voice)
    shown = RevealedTake("k2", BELA.id, 1, 900, 120, 0, -16.0, (0, 50, 100), masked=True, mask="mouse")
    room.happen(RoundRevealed("r-mouse", (shown,)), BELA)
    room.happen(RoomChanged(mask="", noise_reduction=True))
    return room


def together() -> SentRoom:
    """A prompt that a clip answered is thrown again, proposed in a running round, and then forgotten."""
    room = SentRoom(seed=22)
    room.do(Suggest("Two left socks"), CLEO)
    while room.state.suggestions:
        room.do(Throw(), ANNA)
    room.land("a1", ANNA)
    prompt = room.state.round.prompt if room.state.round else None
    room.speakers = (BELA.id,)
    room.pass_time()
    room.do(RoundStart(clip="a1", asked=Asked(prompt or Prompt("", ""), "first_thing")), BELA)
    room.land("a2", BELA)
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart(clip="a1", asked=Asked(prompt or Prompt("", ""), "first_thing")), ANNA)
    room.do(Forget(everything=True), CLEO)
    return room


def duet() -> SentRoom:
    """A prompt that somebody answered, and a duet with whoever comes in alone later."""
    room = SentRoom(seed=23)
    room.do(Throw(), ANNA)
    room.land("a1", ANNA)
    room.pass_time()
    room.now_ms += DAY_MS
    room.came = {BELA.id: room.now_ms}
    room.pass_time(speakers=(BELA.id,))
    room.land("b1", BELA)
    return room


def linked() -> SentRoom:
    """A chain that two leave, gone on with by one who comes later, and a link that is taken back."""
    room = SentRoom("humour", seed=24)
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart("fortunately"), ANNA)
    room.land("l1", ANNA)
    room.land("l2", BELA)
    room.do(RoundStop(), ANNA)
    room.here = room.speakers = (CLEO.id,)
    room.do(Throw(), CLEO)
    room.land("c1", CLEO)
    room.pass_time()
    room.pass_time()
    room.land("l3", CLEO)
    room.do(Forget("l1"), ANNA)
    return room


SCENES: dict[str, Callable[[], SentRoom]] = {
    "chat": chat,
    "thrown": thrown,
    "chain": chain,
    "taken_back": taken_back,
    "governed": governed,
    "decided": decided,
    "held": held,
    "machines": machines,
    "games/meld": meld,
    "games/duel": duel,
    "games/secrets": secrets,
    "games/spoken": spoken,
    "games/paced": paced,
    "games/ended": ended,
    "games/masked": masked,
    "games/together": together,
    "games/duet": duet,
    "games/linked": linked,
}
