"""Where the model of the captions is, and whether it is whole; nothing of it is loaded here.

A model is a folder as CTranslate2 has it. One that is named, not given as a folder, lies in the data folder,
where `wonder captions download` puts it.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
from msgspec import Struct

FOLDER = "models"
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
WEIGHTS, TOKENS = "model.bin", "tokenizer.json"
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
# Whisper's multilingual vocabularies have so many tokens at least; the others know English alone.
MULTILINGUAL_TOKENS = 51_865
LIBRARIES = ("faster_whisper", "ctranslate2", "tokenizers", "onnxruntime")
# Of CTranslate2's files: the version this module can walk through, and what it can hold at most.
BINARY_VERSION = 6
MOST_VARIABLES = 100_000

# What visitors are told, by their language.
OFF = {"en": "Captions are switched off here.", "de": "Untertitel sind hier abgeschaltet."}
LACKING = {
    "en": "Captions are off: this server lacks what they need.",
    "de": "Untertitel sind aus: Diesem Server fehlt, was sie brauchen.",
}


T = TypeVar("T")


class NoModel(Exception):
    """There is no model to be had: what is wrong, and what to do about it."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(found)
        self.found = found
        self.advice = advice


class Model(Struct, frozen=True):
    """A model that is there: its name, its files, how large they are, and what it understands."""

    name: str
    folder: Path
    bytes: int
    languages: frozenset[str]


def find(named: str, data: Path) -> Model:
    """Return the model that a setting names. Raises `NoModel`."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise NoModel(f"{missing[0]} is not installed", "Run `make extras`, or set --captions off.")
    folder = folder_of(named, data)
    if not folder.is_dir():
        raise NoModel(f"there is no folder {folder}", _advice(named))
    try:
        check(folder)
        return Model(folder.name, folder, (folder / WEIGHTS).stat().st_size, _languages(folder))
    except OSError as error:
        raise NoModel(
            f"{error.filename or folder} cannot be read ({error.strerror})", _advice(named)
        ) from error
    except NotWhole as error:
        raise NoModel(f"the model in {folder} is not whole: {error}", _advice(named)) from error


def folder_of(named: str, data: Path) -> Path:
    """Return the folder of a model: the one that is given, or the one that a name has in the data folder."""
    return data / FOLDER / named if is_name(named) else Path(named)


def is_name(named: str) -> bool:
    """Tell a model's name from a folder, which has a slash or is there."""
    return bool(NAME.fullmatch(named)) and not Path(named).is_dir()


def _advice(named: str) -> str:
    if is_name(named):
        return f"Run `wonder captions download {named}`, or set --captions off."
    return "Name a folder with a model for faster-whisper, or set --captions off."


class NotWhole(ValueError):
    """A file of a model is missing, or ends too early."""


def check(folder: Path) -> None:
    """Look whether all files of a model are there and whole. Raises `NotWhole` and OSError."""
    names = ["config.json", TOKENS, WEIGHTS]
    if not any((folder / name).exists() for name in VOCABULARIES):
        names.append(VOCABULARIES[0])
    for name in names:
        if not (folder / name).is_file():
            raise NotWhole(f"{name} is missing")
    _decoded(folder / "config.json", dict[str, object])
    _languages(folder)
    with (folder / WEIGHTS).open("rb") as file:
        _walk(file, (folder / WEIGHTS).stat().st_size)


def _walk(file: BinaryIO, size: int) -> None:
    """Go through the variables of a CTranslate2 file, unread: a download may have ended early."""

    def number(width: int) -> int:
        body = file.read(width)
        if len(body) < width:
            raise NotWhole(f"{WEIGHTS} ends too early")
        return int.from_bytes(body, "little")

    if number(4) != BINARY_VERSION:
        return  # written by another version; whoever loads it will see
    file.seek(number(2), 1)  # what kind of model
    number(4)
    variables = number(4)
    if variables > MOST_VARIABLES:
        raise NotWhole(f"{WEIGHTS} is no model")
    for _ in range(variables):
        file.seek(number(2), 1)  # its name
        file.seek(4 * number(1) + 1, 1)  # its shape and its type
        file.seek(number(4), 1)
        if file.tell() > size:
            raise NotWhole(f"{WEIGHTS} ends too early")


class _Token(Struct):
    content: str


class _Tokens(Struct):
    added_tokens: list[_Token] = []


def _languages(folder: Path) -> frozenset[str]:
    tokens = _decoded(folder / TOKENS, _Tokens).added_tokens
    if _vocabulary_size(folder) < MULTILINGUAL_TOKENS:
        return frozenset({"en"})
    found = (re.fullmatch(r"<\|([a-z]{2,3})\|>", token.content) for token in tokens)
    return frozenset(match[1] for match in found if match)


def _decoded(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotWhole(f"{path.name} is damaged") from error


def _vocabulary_size(folder: Path) -> int:
    for name in VOCABULARIES:
        if (folder / name).exists():
            if name.endswith("json"):
                return len(_decoded(folder / name, list[str]))
            return (folder / name).read_bytes().count(b"\n")
    raise NotWhole(f"{VOCABULARIES[0]} is missing")
