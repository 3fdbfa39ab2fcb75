"""Who is in a room right now: a roster of voices, and what changed since it was last told.

Presence is a signal, never an event. A voice with several sockets is present once.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from server.room.events import Voice
from server.rooms.presence import PRESENT, PresenceState
from server.socket.replies import signal
from server.web.counts import Counts


class _Present(Struct):
    body: msgspec.Raw
    machine: bool = False
    sockets: int = 0
    speakers: int = 0
    listeners: int = 0
    readers: int = 0


class _Change(Struct, omit_defaults=True):
    voices: list[msgspec.Raw]
    gone: list[str]
    listeners: int
    speakers: int
    readers: int = 0


_encoder = msgspec.json.Encoder()


class Roster:
    """The voices of a room. What was told last is kept, so that many changes become one signal.

    Machines are among the voices, and in no count.
    """

    __slots__ = (
        "_by_radio", "_changed", "_listeners", "_machines", "_present", "_readers", "_roster", "_speakers",
        "_spoken_to", "_told", "_told_counts",
    )  # fmt: skip

    def __init__(self) -> None:
        self._present: dict[str, _Present] = {}
        self._told: dict[str, msgspec.Raw] = {}
        self._told_counts = Counts()
        self._changed: set[str] = set()
        self._listeners = 0
        self._by_radio = self._spoken_to = 0
        self._speakers = 0
        self._readers = 0
        self._machines = 0
        self._roster: bytes | None = None

    @property
    def counts(self) -> Counts:
        """Return the counts as of now."""
        people = len(self._present) - self._machines
        return Counts(people, self._listeners, self._speakers, readers=self._readers)

    def wants_speech(self, radio_listeners: int) -> bool:
        """Tell whether somebody who listens wants to hear words of the radio itself.

        `radio_listeners` are all peers that hear it: who listens without a page cannot say what they want.
        """
        return self._spoken_to > 0 or radio_listeners > self._by_radio

    def name_of(self, voice_id: str) -> str:
        """Return the name of a voice that is here, "" for none."""
        present = self._present.get(voice_id)
        return msgspec.json.decode(present.body, type=Voice).name if present else ""

    @property
    def told(self) -> Counts:
        """Return the counts that were told last."""
        return self._told_counts

    def enter(self, voice: Voice) -> None:
        """Count one more socket of a voice."""
        present = self._present.get(voice.id)
        if present is None:
            present = _Present(msgspec.Raw(_encoder.encode(voice)), voice.machine)
            self._present[voice.id] = present
            self._machines += voice.machine
            self._changed.add(voice.id)
        present.sockets += 1

    def mark(self, voice: Voice) -> None:
        """Tell all anew of a voice that is a machine; how its sockets are present was counted out before."""
        present = self._present.get(voice.id)
        if present is not None and not present.machine:
            present.body, present.machine = msgspec.Raw(_encoder.encode(voice)), True
            self._machines += 1
            self._changed.add(voice.id)

    def move(self, voice_id: str, before: PresenceState, now: PresenceState) -> None:
        """Count a socket that is present in another way than before; that of a machine counts nowhere."""
        present = self._present[voice_id]
        if present.machine:
            return
        spoke, listened, read = present.speakers > 0, present.listeners > 0, present.readers > 0
        present.speakers += now.speaker - before.speaker
        present.listeners += (now.listening != "off") - (before.listening != "off")
        present.readers += now.captions - before.captions
        self._readers += (present.readers > 0) - read
        self._speakers += (present.speakers > 0) - spoke
        self._listeners += (present.listeners > 0) - listened
        self._by_radio += (now.listening == "radio") - (before.listening == "radio")
        self._spoken_to += _hears_words(now) - _hears_words(before)

    def exit(self, voice_id: str, before: PresenceState) -> None:
        """Count one socket of a voice less."""
        self.move(voice_id, before, PRESENT)
        present = self._present[voice_id]
        present.sockets -= 1
        if not present.sockets:
            self._machines -= present.machine
            del self._present[voice_id]
            self._changed.add(voice_id)

    def news(self) -> bytes | None:
        """Return the presence signal for what changed since the last call, None for nothing."""
        counts, change = self.counts, self._take_change()
        if change is None and counts == self._told_counts:
            return None
        self._told_counts = counts
        self._roster = None
        voices, gone = change or ([], [])
        return signal("presence", _Change(voices, gone, counts.listeners, counts.speakers, counts.readers))

    def full(self) -> bytes:
        """Return the presence signal with everyone, as of the last news."""
        if self._roster is None:
            counts = self._told_counts
            everyone = list(self._told.values())
            told = _Change(everyone, [], counts.listeners, counts.speakers, counts.readers)
            self._roster = signal("presence", told)
        return self._roster

    def _take_change(self) -> tuple[list[msgspec.Raw], list[str]] | None:
        """Return who came and who left; someone who did both since is not mentioned."""
        changed, self._changed = self._changed, set()
        came = sorted(id_ for id_ in changed if self._is_news(id_))
        gone = sorted(id_ for id_ in changed if id_ not in self._present and id_ in self._told)
        for id_ in came:
            self._told[id_] = self._present[id_].body
        for id_ in gone:
            del self._told[id_]
        if not came and not gone:
            return None
        return [self._told[id_] for id_ in came], gone

    def _is_news(self, id_: str) -> bool:
        """Tell whether a voice is here of which others were told nothing, or something else."""
        present = self._present.get(id_)
        return present is not None and self._told.get(id_) != present.body


def _hears_words(presence: PresenceState) -> bool:
    return presence.listening != "off" and presence.voice
