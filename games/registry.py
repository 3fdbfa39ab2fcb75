"""All games, in the order in which they are shown. A new game is one more line here."""

from __future__ import annotations

from games.cyborg_line import CyborgLine
from games.expert_hot_seat import ExpertHotSeat
from games.first_thing import FirstThing
from games.five_likenesses import FiveLikenesses
from games.five_things import FiveThings
from games.forbidden_word import ForbiddenWord
from games.fortunately import Fortunately
from games.game import Game
from games.gibberish import Gibberish
from games.half_life import HalfLife
from games.insult_duel import InsultDuel
from games.jackal_giraffe import JackalGiraffe
from games.just_ten_seconds import JustTenSeconds
from games.last_word_first import LastWordFirst
from games.mind_meld import MindMeld
from games.new_choice import NewChoice
from games.questions_only import QuestionsOnly
from games.same_line import SameLine
from games.scene import ScenePlay
from games.story_die import StoryDie
from games.thanks import Thanks
from games.two_second_sound import TwoSecondSound
from games.walk_into_a_bar import WalkIntoABar
from games.word_association import WordAssociation
from games.word_at_a_time import WordAtATime
from games.word_ration import WordRation
from games.world_worst import WorldWorst
from games.wrong_names import WrongNames
from games.yes_and import YesAnd

GAMES: tuple[Game, ...] = (
    FirstThing(),
    WordAssociation(),
    WrongNames(),
    FiveThings(),
    FiveLikenesses(),
    WordAtATime(),
    Fortunately(),
    StoryDie(),
    LastWordFirst(),
    WordRation(),
    QuestionsOnly(),
    ForbiddenWord(),
    NewChoice(),
    HalfLife(),
    MindMeld(),
    WalkIntoABar(),
    WorldWorst(),
    YesAnd(),
    ExpertHotSeat(),
    Gibberish(),
    InsultDuel(),
    JackalGiraffe(),
    SameLine(),
    JustTenSeconds(),
    TwoSecondSound(),
    CyborgLine(),
    Thanks(),
    ScenePlay(),
)
BY_ID: dict[str, Game] = {game.id: game for game in GAMES}


def offered(kind: str) -> tuple[Game, ...]:
    """Return the games that a kind of room offers."""
    return tuple(game for game in GAMES if kind in game.kinds)
