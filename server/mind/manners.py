"""Tell what no machine says, to nobody, in no room: swearing, and that it is none."""

from __future__ import annotations

import re

# No machine says that it is none, whatever it is told to be.
_HUMAN = re.compile(
    r"\bi(?:'|’| a)m (?:really |actually )?(?:an? )?(?:real |actual )?(?:human|person)\b"
    r"|\bi(?:'|’| a)m (?:no|not an?) (?:machine|bot|robot|ai|computer)\b"
    r"|\bich bin (?:doch |wirklich )?(?:eine? )?(?:echte[rn]? |richtige[rn]? )?(?:mensch|person)\b"
    r"|\bich bin keine? (?:maschine|bot|roboter|automat|computer|ki)\b",
    re.IGNORECASE,
)
# Words that no machine says, to nobody, in no room.
_RUDE = re.compile(
    r"\b(?:\w{0,8}fuck\w{0,8}|\w{0,8}shit\w{0,6}|bitch\w{0,4}|cunt\w{0,3}|asshole\w{0,2}|arsehole\w{0,2}|"
    r"dickhead\w{0,2}|bastard\w{0,2}|whore\w{0,2}|slut\w{0,3}|wank\w{0,5}|"
    r"\w{0,8}arschl\w{0,6}|\w{0,8}schei(?:ß|ss)\w{0,8}|\w{0,8}fick\w{0,8}|fotze\w{0,2}|hure|huren\w{0,10}|wichs\w{0,6}|"
    r"schlampe\w{0,2}|missgeburt\w{0,2}|drecksau\w{0,4}|kill yourself|kys|bring dich um)\b",
    re.IGNORECASE,
)


def is_swearing(text: str) -> bool:
    """Tell whether a text swears or wishes somebody harm."""
    return _RUDE.search(text) is not None


def claims_to_be_human(text: str) -> bool:
    """Tell whether who says a text claims to be human, or no machine."""
    return _HUMAN.search(text) is not None
