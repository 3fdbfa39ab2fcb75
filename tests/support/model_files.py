"""A folder that looks like a model of Whisper, of a few kilobytes; it cannot be loaded."""

from __future__ import annotations

from pathlib import Path

import msgspec

TOKENS = ("<|endoftext|>", "<|en|>", "<|de|>", "<|haw|>", "<|0.00|>")


def variable(name: bytes, size: int, claimed: int | None = None) -> bytes:
    """Return one variable of CTranslate2's format; it may claim to be larger than it is."""
    told = (size if claimed is None else claimed).to_bytes(4, "little")
    return (
        len(name).to_bytes(2, "little")
        + name
        + b"\x01"
        + size.to_bytes(4, "little")
        + b"\x01"
        + told
        + bytes(size)
    )


def weights(*variables: bytes) -> bytes:
    """Return a file in CTranslate2's format."""
    kind = b"WhisperSpec\0"
    head = (6).to_bytes(4, "little") + len(kind).to_bytes(2, "little") + kind + (3).to_bytes(4, "little")
    return head + len(variables).to_bytes(4, "little") + b"".join(variables) + bytes(4)


def files(tokens: int = 51_865) -> dict[str, bytes]:
    """Return the files of a model by their names."""
    return {
        "config.json": b"{}",
        "tokenizer.json": msgspec.json.encode(
            {"added_tokens": [{"content": text, "id": 1} for text in TOKENS]}
        ),
        "vocabulary.json": msgspec.json.encode(["x"] * tokens),
        "model.bin": weights(variable(b"one", 100), variable(b"two", 50)),
    }


def made(folder: Path, tokens: int = 51_865) -> Path:
    """Make such a folder."""
    folder.mkdir(parents=True)
    for name, body in files(tokens).items():
        (folder / name).write_bytes(body)
    return folder
