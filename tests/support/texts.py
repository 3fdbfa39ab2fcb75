"""Sentences that filters must let pass and those that they must refuse: tests/texts."""

from __future__ import annotations

import tomllib

from tests.support.shape import ROOT

FOLDER = ROOT / "tests/texts"
LANGUAGES = ("en", "de")


def innocent(language: str) -> list[str]:
    lines = (FOLDER / f"{language}_innocent.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def refused(language: str, name: str) -> list[str]:
    read = tomllib.loads((FOLDER / f"{language}_refused.toml").read_text(encoding="utf-8"))
    return list(read[name])
