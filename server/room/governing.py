"""What the keeper of a private room and the admin may do: change and close it, mute, remove, decide.

The keeper is who opened it, or whom they gave it to. While they are away the one who is here for longest
may mute and restore; a room that nobody kept for a day is the admin's. A public room has no keeper: what
happens to it is the admin's business.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import asdict, replace

from server.room import characters, filters, held, hooks, machines, masks, reports, round_lifecycle
from server.room.clips import Clip
from server.room.commands import (
    EXPIRED,
    Change,
    Close,
    Command,
    GiveKeeper,
    Hide,
    MakeHook,
    Mute,
    MuteNetwork,
    Open,
    Oversee,
    Pass,
    Refused,
    Remove,
    RemoveHook,
    Restore,
)
from server.room.context import Context
from server.room.events import (
    AdminActed,
    ClipRemoved,
    Fact,
    KeeperGiven,
    KeeperSeen,
    NetworkMuted,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    TextRemoved,
    Voice,
    VoiceMuted,
)
from server.room.governed import NETWORKS_MUTED
from server.room.house import is_house_name
from server.room.kinds import KINDS
from server.room.state import RoomState
from server.room.text import cleaned

NAME_CHARACTERS, THEME_CHARACTERS, DESCRIPTION_CHARACTERS = 60, 120, 500
WORDS = ("name", "theme", "description")
# Who acts for a keeper mutes for no longer than the page does; the keeper who is back may make it a day.
MUTE_LONGEST_MS, ACTING_MUTE_MS = 86_400_000, 600_000
# A room remembers no more than this many muted voices; each is forgotten when its time is over.
MUTED_VOICES = 500
# Why a room was closed: by whom.
BY_KEEPER, BY_ADMIN = "keeper", "admin"
# A keeper who is away for this long has somebody who acts for them, and after a day the room is not theirs.
AWAY_MS, LAPSED_MS = 60_000, 86_400_000
# That a keeper is here is noted so often; presence itself is in no log. So long after the last note they
# may have been here, when nobody remembers them leaving: the room slept, or the server was restarted.
SEEN_EVERY_MS = 21_600_000
# What of a room may be switched, beside its words.
SWITCHES = ("locked", "slow", "hold", "mask", "voice", "noise_reduction", "character")
COMMANDS = Change | Close | Mute | MuteNetwork | GiveKeeper | MakeHook | RemoveHook | Remove | Hide | Restore
NOTE_CHARACTERS = 300


def overseen(state: RoomState, command: Oversee, by: Voice | None, context: Context) -> list[Fact]:
    """Return what the admin does, with the entry of the audit log; nothing when nothing changes."""
    _check_admin(by)
    done = facts(state, command.command, None, context)
    action, target = _named(command.command, done)
    return [*done, AdminActed(action, target, cleaned(command.note)[:NOTE_CHARACTERS])] if done else []


def _named(command: Command, done: list[Fact]) -> tuple[str, str]:
    """Return an act's name and target, as the audit log has them."""
    match command:
        case Remove(clip=clip, seq=seq, topic=topic):
            return "remove", clip or topic or str(seq)
        case Hide(clip=clip, seq=seq):
            return "hide", clip or str(seq)
        case Restore(clip=clip, seq=seq):
            return "keep", clip or str(seq)
        case Pass(clip=clip):
            return "keep", clip
        case Mute(voice=voice, for_ms=for_ms):
            return "mute" if for_ms else "unmute", voice
        case MuteNetwork(for_ms=for_ms):
            muted = next((fact.network for fact in done if isinstance(fact, NetworkMuted)), "")
            return "mute_network" if for_ms else "unmute_network", muted
        case GiveKeeper(voice=voice):
            return "give", voice
        case MakeHook(hook=hook) | RemoveHook(hook=hook):
            return ("hook" if isinstance(command, MakeHook) else "unhook"), hook
        case Change(locked=locked) if locked is not None:
            return "lock" if locked else "unlock", ""
        case Close():
            return "close", ""
        case _:
            return "change", ""


def facts(state: RoomState, command: Command, by: Voice | None, context: Context) -> list[Fact]:
    """Return the facts of a command of the keeper or the admin. Raises `Refused` for all others."""
    _check_may(state, command, by, context)
    match command:
        case Change():
            return change(state, command)
        case Close():
            return close(state, by, context)
        case Mute():
            return mute(state, command, by, context)
        case MuteNetwork():
            return mute_network(state, command, context)
        case GiveKeeper():
            return give(state, command, context)
        case Remove():
            return remove(state, command)
        case Hide():
            return reports.hide(state, command)
        case Restore():
            return reports.restore(state, command)
        case Pass():
            return held.decide(state, command, by, context, alone=True)
        case MakeHook() | RemoveHook():
            return hooks.facts(state, command)
        case _:
            raise TypeError(command)


def _check_may(state: RoomState, command: Command, by: Voice | None, context: Context) -> None:
    match command:
        case Mute() | Restore():
            _check_acting(state, by, context)
        case Hide() | MuteNetwork() | Pass():
            _check_admin(by)
        case _:
            check_keeper(state, by)


def opening(command: Open) -> list[Fact]:
    """Return the facts of a room that is opened. Raises what `opened` does, and `bad_value`."""
    room = opened(command.room, house=command.house)
    if command.character is None:
        return [room]
    character = characters.checked(command.character, room.room_kind, room.language)
    return [room, RoomChanged(character=character)]


def opened(room: RoomOpened, *, house: bool = False) -> RoomOpened:
    """Return a room as it is opened. Raises `Refused` (`too_long`, `filtered`, `room_taken`)."""
    room = _described(room)
    _check_words(room, WORDS)
    if room.public and not house and is_house_name(room.name):
        raise Refused("room_taken", "There is a room of this name already.")
    return room


def _check_words(room: RoomOpened, names: Iterable[str]) -> None:
    """Look at the words of a room that come from a visitor."""
    kept = KINDS.get(room.room_kind, KINDS["wonder"]).filters
    for name in names:
        filters.check(getattr(room, name), room.language, kept)


def _described(room: RoomOpened) -> RoomOpened:
    """Return a room with its words cleaned, and with a name. Raises `Refused` (`too_long`)."""
    theme = _words(room.theme, "theme", THEME_CHARACTERS)
    name = _words(room.name, "name", NAME_CHARACTERS) or theme[:NAME_CHARACTERS]
    names = KINDS.get(room.room_kind, KINDS["wonder"]).names
    return replace(
        room,
        name=name or names[room.language],
        theme=theme,
        description=_words(room.description, "description", DESCRIPTION_CHARACTERS),
    )


def _words(text: str, what: str, limit: int) -> str:
    kept = cleaned(text)
    if len(kept) > limit:
        raise Refused("too_long", f"The {what} is longer than {limit} characters.")
    return kept


def change(state: RoomState, command: Change) -> list[Fact]:
    """Return what changes of a room; nothing when all is so already."""
    wanted = {name: value for name, value in asdict(command).items() if value is not None}
    if command.mask is not None:
        wanted["mask"] = masks.checked(command.mask or masks.NONE) or ""
    if command.character is not None:
        language = command.language or state.language
        wanted["character"] = characters.checked(command.character, state.kind, language)
    before = {name: getattr(state, name) for name in command.__struct_fields__}
    words = {name: value for name, value in {**before, **wanted}.items() if name not in SWITCHES}
    asked = _described(RoomOpened(state.kind, **words))
    after = {name: wanted[name] if name in SWITCHES else getattr(asked, name) for name in wanted}
    changed = {name: value for name, value in after.items() if value != before[name]}
    _check_words(asked, [name for name in WORDS if name in changed])
    return [RoomChanged(**changed)] if changed else []


def close(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """End the room, and its round before; nothing when it has ended."""
    if state.closed:
        return []
    return [*round_lifecycle.close(state, "stopped", context), RoomClosed(BY_KEEPER if by else BY_ADMIN)]


def mute(state: RoomState, command: Mute, by: Voice | None, context: Context) -> list[Fact]:
    """Mute a voice for a while; for 0 ms, end that."""
    if by is not None and command.voice in {by.id, state.keeper}:
        raise Refused("bad_value", "Mute somebody else.")
    _check_known(state, command.voice, context)
    _check_span(command.for_ms)
    muted = {voice for voice, until_ms in state.muted.items() if until_ms > context.now_ms}
    if command.for_ms == 0 and command.voice not in muted:
        return []
    if len(muted | {command.voice}) > MUTED_VOICES:
        raise Refused("too_fast", f"No more than {MUTED_VOICES} voices can be muted at once.")
    longest_ms = MUTE_LONGEST_MS if by is None or by.id == state.keeper else ACTING_MUTE_MS
    return [VoiceMuted(command.voice, context.now_ms + min(command.for_ms, longest_ms))]


def mute_network(state: RoomState, command: MuteNetwork, context: Context) -> list[Fact]:
    """Mute a network for a while, named by its tag or by a voice that came from it."""
    _check_span(command.for_ms)
    network = command.network or context.networks.get(command.voice)
    if not network:
        raise Refused("bad_value", "Where this voice came from is not known any more. Mute the voice.")
    muted = {each for each, ends_ms in state.governed.networks.items() if ends_ms > context.now_ms}
    if command.for_ms == 0 and network not in muted:
        return []
    if len(muted | {network}) > NETWORKS_MUTED:
        raise Refused("too_fast", f"No more than {NETWORKS_MUTED} networks can be muted at once.")
    return [NetworkMuted(network, context.now_ms + command.for_ms)]


def give(state: RoomState, command: GiveKeeper, context: Context) -> list[Fact]:
    """Hand the room on to another voice that is known here."""
    if state.public:
        raise Refused("not_allowed", "A public room is kept by the admin.")
    _check_known(state, command.voice, context)
    if machines.is_machine(state, command.voice, context):
        raise Refused("bad_value", "A machine keeps no room.")
    return [] if command.voice == state.keeper else [KeeperGiven(command.voice)]


def remove(state: RoomState, command: Remove) -> list[Fact]:
    """Take a clip, a text or a topic out of the room for good."""
    if command.clip:
        clip = state.clips.get(command.clip)
        if clip is None:
            raise Refused("no_such_clip", "This clip is not here (any more).")
        return [removed(clip, command.reason)]
    seq = command.seq
    if command.reason == EXPIRED:
        return [_expired(state, seq)]
    if command.topic:
        seq = next((seq for seq, written in state.written.items() if written.id == command.topic), 0)
    reports.checked(state, "", seq, None, is_text=command.is_text)
    return [TextRemoved(seq, command.reason)]


def _expired(state: RoomState, seq: int) -> TextRemoved:
    """Return that a text's time is over, also of one that is too old to be known here. Raises `Refused`."""
    if not 1 < seq <= state.head:
        raise Refused("no_such_text", "This text is not here (any more).")
    written, asked = state.written.get(seq), state.round.prompt if state.round else None
    if written is not None and asked is not None and written.id == asked.id:
        raise Refused("too_fast", "A round is about this topic now.")
    return TextRemoved(seq, EXPIRED)


def removed(clip: Clip, reason: str = "forgotten") -> ClipRemoved:
    """Return that a clip is gone."""
    return ClipRemoved(clip.clip, reason, clip.hidden)


def lapsed(state: RoomState, context: Context) -> list[Fact]:
    """Give a room to the admin that nobody has kept for a day, or whose keeper turned out to be a machine.

    `locked`, `slow` and `hold` are off then.
    """
    if not state.keeper or state.closed:
        return []
    unsure_ms = 0 if state.keeper in context.left else SEEN_EVERY_MS
    is_kept = _away_ms(state, context) < LAPSED_MS + unsure_ms
    if is_kept and not machines.is_machine(state, state.keeper, context):
        return []
    opened = [RoomChanged(locked=False, slow=False, hold=False)]
    return [KeeperGiven(""), *(opened if state.locked or state.slow or state.hold else [])]


def seen(state: RoomState, context: Context) -> list[Fact]:
    """Note that the keeper is here, when that was noted long ago."""
    at_ms = seen_due_ms(state, context)
    return [] if at_ms is None or at_ms > context.now_ms else [KeeperSeen(state.keeper)]


def seen_due_ms(state: RoomState, context: Context) -> int | None:
    """Return when it is to be noted again that the keeper is here, in epoch ms; None while they are not."""
    if state.closed or not state.keeper or state.keeper not in context.here:
        return None
    return state.governed.keeper_seen_ms + SEEN_EVERY_MS


def decides(state: RoomState, voice: Voice, context: Context) -> bool:
    """Tell whether a voice decides about reports here: it keeps the room, or acts for who does."""
    return bool(state.keeper) and (voice.id == state.keeper or is_acting(state, voice.id, context))


def is_acting(state: RoomState, voice: str, context: Context) -> bool:
    """Tell whether a voice acts for the keeper who is away: it is here for longer than all others."""
    if not state.keeper or _away_ms(state, context) < AWAY_MS:
        return False
    here = machines.people(context.here, context)
    return voice == next((each for each in here if state.muted.get(each, 0) <= context.now_ms), None)


def _away_ms(state: RoomState, context: Context) -> int:
    """Return for how long the keeper has neither been here nor done anything."""
    if state.keeper in context.here:
        return 0
    return context.now_ms - max(state.governed.keeper_seen_ms, context.left.get(state.keeper, 0))


def _check_known(state: RoomState, voice: str, context: Context) -> None:
    if voice not in state.voices and voice not in context.here:
        raise Refused("bad_value", "There is no such voice in this room.")


def _check_span(for_ms: int) -> None:
    if not 0 <= for_ms <= MUTE_LONGEST_MS:
        raise Refused("bad_value", f"`for_ms` must be from 0 to {MUTE_LONGEST_MS}.")


def _check_admin(by: Voice | None) -> None:
    if by is not None:
        raise Refused("not_allowed", "Only the admin may do this.")


def _check_acting(state: RoomState, by: Voice | None, context: Context) -> None:
    """Refuse whoever neither keeps the room nor acts for its keeper."""
    if by is None or not is_acting(state, by.id, context):
        check_keeper(state, by)


def check_keeper(state: RoomState, by: Voice | None) -> None:
    """Refuse whoever is neither the keeper nor, with `by` None, the admin."""
    if by is not None and not (state.keeper and by.id == state.keeper):
        raise Refused("not_allowed", "Only whoever keeps this room, and the admin, may do this.")
