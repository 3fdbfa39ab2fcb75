from __future__ import annotations

from types import SimpleNamespace

from server.engines import piper_program


class Voice:
    def synthesize(self, text: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(sample_rate=22_050, audio_int16_bytes=bytes(2 * len(text)))] * 2


def test_a_text_is_all_its_sentences_and_a_language_without_a_voice_is_silent() -> None:
    assert piper_program._said(Voice(), "abc") == (22_050, bytes(12))
    assert piper_program._said(None, "abc") == (0, b"")
    assert piper_program._said(Voice(), "") == (0, b"")
