"""Games played to their end by three visitors, over sockets and uploads, through the real room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.media import Clock
from tests.support.playhouse import Player, Playhouse, Say, Troupe, opened_playhouse

KINDS = {
    "wonder": "wonder",
    "humour": "humour",
    "words": "language",
    "ring": "arena",
    "calm": "healing",
    "stagecraft": "roleplay",
}


def one_word(_: Player, __: dict[str, Any]) -> dict[str, Any]:
    return {"duration_ms": 500}


def at_length(_: Player, __: dict[str, Any]) -> dict[str, Any]:
    return {"duration_ms": 2_500}


def haltingly(player: Player, _: dict[str, Any]) -> dict[str, Any]:
    return {"gap_ms": 1_500 if player.key.startswith("b") else 0}


def by_guess(player: Player, turn: dict[str, Any]) -> dict[str, Any]:
    return {"text": f"{player.key[0]} umbrellas"} if turn["act"] == "guess" else {"duration_ms": 1_500}


def in_writing(player: Player, turn: dict[str, Any]) -> dict[str, Any]:
    return {"text": "Why do you ask?" if player.key.startswith("a") else f"I know {turn['turn']} goats."}


# Room, game, how it is spoken, a verdict to be heard, and whether the end is one piece.
GAMES: list[tuple[str, str, Say, str, bool]] = [
    ("wonder", "word_at_a_time", at_length, "", True),
    ("wonder", "mind_meld", one_word, "", True),
    ("wonder", "two_second_sound", at_length, "favourite", True),
    ("wonder", "gibberish", one_word, "", True),
    ("humour", "story_die", haltingly, "hesitated", True),
    ("humour", "world_worst", one_word, "favourite", False),
    ("words", "forbidden_word", by_guess, "fooled", False),
    ("stagecraft", "questions_only", in_writing, "statement", False),
    ("ring", "insult_duel", one_word, "favourite", True),
    ("calm", "thanks", haltingly, "", True),
    ("stagecraft", "scene", one_word, "", True),
]
HIDING = {"mind_meld", "two_second_sound", "forbidden_word"}


async def ended(playhouse: Playhouse, room: str, game: str, say: Say) -> tuple[Troupe, dict[str, Any]]:
    """Play a game and return who did, and its end."""
    troupe = Troupe(playhouse, room, [Player(name) for name in "abc"])
    troupe.say = say
    async with troupe.seated():
        await troupe.begin(game)
        end = await troupe.play()
    assert end is not None
    return troupe, end


@pytest.mark.parametrize("captions", [False, True], ids=["by ear", "words expected in vain"])
@pytest.mark.parametrize(("room", "game", "say", "code", "joined"), GAMES, ids=[entry[1] for entry in GAMES])
async def test_three_play_a_game_to_its_end(
    tmp_path: Path, room: str, game: str, say: Say, code: str, joined: bool, captions: bool
) -> None:
    async with opened_playhouse(tmp_path, Clock(), KINDS, captions=captions) as playhouse:
        troupe, end = await ended(playhouse, room, game, say)
        said = [clip for player in troupe.players for clip in player.clips]

        assert end["reason"] == "done"
        assert sorted(end["takes"]) == sorted(said)
        assert end["replay"] == (end["takes"] if joined else [])
        assert troupe.codes()[code] > 0 if code else not troupe.codes()
        assert (game in HIDING) == any(player.hidden for player in troupe.players)
        assert troupe.leaks() == []
        assert [await playhouse.heard(clip) for clip in said] == [200] * len(said)


async def test_two_who_say_one_word_have_won_when_it_is_known(tmp_path: Path) -> None:
    async with opened_playhouse(tmp_path, Clock(), KINDS, captions=True) as playhouse:
        troupe, end = await ended(playhouse, "wonder", "mind_meld", lambda _, __: {"words": "Moon."})

        assert (end["reason"], len(end["takes"])) == ("done", 2)
        assert troupe.codes() == {"matched": 1}
        assert troupe.leaks() == []


async def test_a_word_that_was_heard_is_the_next_prompt(tmp_path: Path) -> None:
    async with opened_playhouse(tmp_path, Clock(), KINDS, captions=True) as playhouse:
        troupe, end = await ended(
            playhouse, "words", "word_association", lambda _, turn: {"words": f"word{turn['turn']}"}
        )
        prompts = [turn["prompt"] for turn in troupe.players[0].events("turn.given", troupe.round)]

        assert end["reason"] == "done"
        assert prompts[1:] == [f"word{number}" for number in range(1, 8)]


@pytest.mark.parametrize("guessed", [True, False])
async def test_a_guess_by_voice_has_its_verdict(tmp_path: Path, guessed: bool) -> None:
    async with opened_playhouse(tmp_path, Clock(), KINDS, captions=True) as playhouse:
        troupe = Troupe(playhouse, "stagecraft", [Player(name) for name in "abc"])

        def say(_: Player, turn: dict[str, Any]) -> dict[str, Any]:
            told = [role["text"] for each in troupe.players for role in each.events("role.given")]
            right = next(text for text in told if text)
            guess = right if guessed else "xylophone"
            return {"words": guess if turn["act"] == "guess" else "The soup is ready."}

        troupe.say = say
        async with troupe.seated():
            await troupe.begin("same_line")
            end = await troupe.play()

        assert end is not None
        assert troupe.codes() == ({"guessed": 2} if guessed else {"fooled": 1})


async def test_secrets_reach_those_they_are_for_and_no_cut_is_told_before(tmp_path: Path) -> None:
    async with opened_playhouse(tmp_path, Clock(), KINDS) as playhouse:
        troupe, _ = await ended(playhouse, "stagecraft", "scene", one_word)
        for player in troupe.players:
            roles = player.events("role.given", troupe.round)
            assert len(roles) == 3
            assert {role["voice"] for role in roles if role["text"]} == {player.voice}

        troupe, _ = await ended(playhouse, "humour", "story_die", one_word)
        turns = [turn for player in troupe.players for turn in player.events("turn.given", troupe.round)]
        assert {turn["cut_at_ms"] for turn in turns} == {None}


async def test_a_game_goes_on_where_a_restart_of_the_server_left_it(tmp_path: Path) -> None:
    clock, players = Clock(), [Player(name) for name in "abc"]
    async with opened_playhouse(tmp_path, clock, KINDS) as playhouse:
        troupe = Troupe(playhouse, "wonder", players)
        async with troupe.seated():
            await troupe.begin("mind_meld")
            assert await troupe.play(steps=2) is None
    before = [len(player.clips) for player in players]

    async with opened_playhouse(tmp_path, clock, KINDS) as playhouse:
        troupe.playhouse = playhouse
        async with troupe.seated():
            end = await troupe.play()

        assert end is not None
        assert end["reason"] == "done"
        assert sorted(end["takes"]) == sorted(clip for player in players for clip in player.clips)
        assert all(len(player.clips) > some for player, some in zip(players, before, strict=True))
        assert troupe.leaks() == []
        seqs = [[m["seq"] for m in player.messages if m["type"] == "event"] for player in players]
        assert all(seen == list(range(seen[0], seen[-1] + 1)) for seen in seqs)


async def test_again_begins_at_once_and_out_ends_it(tmp_path: Path) -> None:
    async with opened_playhouse(tmp_path, Clock(), KINDS) as playhouse:
        troupe = Troupe(playhouse, "ring", [Player(name) for name in "abc"])
        async with troupe.seated():
            await troupe.begin("insult_duel")
            first, other, _ = troupe.players
            await first.granted("again")
            await other.look()
            assert [end["reason"] for end in other.events("round.closed", troupe.round)] == ["again"]
            troupe.round = other.events("round.opened")[-1]["round"]
            await other.granted("round.stop")
            proposal = other.events("proposal.made")[-1]["proposal"]
            await first.granted("agree", proposal=proposal, value=True)
            assert (await first.ask("round.stop"))["code"] == "no_round"
            end = troupe.end()
            assert end is not None
            assert end["reason"] == "stopped"


async def test_the_turn_after_a_word_is_not_for_who_closed_their_page(tmp_path: Path) -> None:
    async with opened_playhouse(tmp_path, Clock(), KINDS) as playhouse:
        players = [Player(name) for name in "abc"]
        troupe = Troupe(playhouse, "words", players)
        troupe.say = one_word
        async with troupe.seated():
            await troupe.begin("word_association")
            first = players[0]
            order = first.events("round.opened")[-1]["players"]
            gone = next(player for player in players if player.voice == order[1])
            assert gone.client is not None
            assert first.client is not None
            await gone.client.ws.close()
            while gone.voice not in (await first.client.signal("presence"))["gone"]:
                pass
            await troupe.speak(first)
            assert troupe.turn()["voice"] == order[2]
            players.remove(gone)
