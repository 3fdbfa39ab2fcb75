"""Captions as WebVTT (W3C WebVTT 1): cues of a few words, each word with its time.

Pure. A word's time within its cue is a timestamp tag, by which players mark what is being said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from games.round import Word

# A line that is read at a glance: what television allows for one of subtitles.
CUE_CHARACTERS = 42
# A silence of this length ends a cue.
PAUSE_MS = 700
# A cue stays a little, so that its last word can be read, but never into the next one.
LINGER_MS = 400


def webvtt(text: str | None, words: Sequence[Word], duration_ms: int) -> str:
    """Return the words of a clip as WebVTT; without times in one cue as long as the clip."""
    return "\n".join(["WEBVTT\n", *cues(text, words, duration_ms)])


def cues(text: str | None, words: Sequence[Word], duration_ms: int, start_ms: int = 0) -> list[str]:
    """Return the cues of a clip that begins at a time."""
    if not text:
        return []
    if not words:
        return [cue(start_ms, start_ms + duration_ms, text)]
    found = list[str]()
    moved = [(word, start_ms + from_ms, start_ms + to_ms) for word, from_ms, to_ms in words]
    groups = list(_groups(moved))
    for at, group in enumerate(groups):
        limit_ms = groups[at + 1][0][1] if at + 1 < len(groups) else max(start_ms + duration_ms, group[-1][2])
        from_ms = group[0][1]
        to_ms = max(from_ms + 1, min(group[-1][2] + LINGER_MS, limit_ms))
        found.append(_cue(from_ms, to_ms, _timed(group, to_ms)))
    return found


def cue(start_ms: int, end_ms: int, text: str) -> str:
    """Return a cue without times of words."""
    return _cue(start_ms, end_ms, _plain(text))


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yield the words line by line."""
    group, size = list[Word](), 0
    for word in words:
        too_long = size + len(word[0]) > CUE_CHARACTERS
        if group and (too_long or word[1] - group[-1][2] >= PAUSE_MS or group[-1][0][-1:] in ".!?…"):
            yield group
            group, size = [], 0
        group.append(word)
        size += len(word[0]) + 1
    if group:
        yield group


def _timed(group: Sequence[Word], end_ms: int) -> str:
    """Return a line; timestamps have to grow, and lie within the cue."""
    line, last_ms = _plain(group[0][0]), group[0][1]
    for word, start_ms, _ in group[1:]:
        tag = f"<{timestamp(start_ms)}>" if last_ms < start_ms < end_ms else ""
        line += f" {tag}{_plain(word)}"
        last_ms = max(last_ms, start_ms)
    return line


def _cue(start_ms: int, end_ms: int, line: str) -> str:
    return f"{timestamp(start_ms)} --> {timestamp(end_ms)}\n{line}\n"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def timestamp(at_ms: int) -> str:
    """Return a time as WebVTT writes it."""
    minutes, rest_ms = divmod(at_ms, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest_ms // 1000:02}.{rest_ms % 1000:03}"
