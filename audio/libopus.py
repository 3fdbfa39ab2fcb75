"""libopus by its C interface: an encoder and a decoder, one call a frame.

libav reaches the same library, but costs 500 us of Python per 20 ms; a direct call costs 120-200 us, and only
this way may lost packets be concealed. The interface is stable since libopus 1.0 (2012).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from audio.pcm import Pcm

RATE_HZ = 48_000
APPLICATION_AUDIO = 2049
SET_BITRATE, SET_COMPLEXITY, GET_LOOKAHEAD = 4002, 4010, 4027
LONGEST_PACKET = 5760  # samples: 120 ms
LARGEST_PACKET_BYTES = 1_500


class OpusError(ValueError):
    """libopus refused a packet or a setting; `code` is one of its OPUS_* numbers."""

    def __init__(self, code: int) -> None:
        super().__init__(f"libopus answered {code}")
        self.code = code


def _candidates() -> Iterator[str]:
    """Name libraries to try; the one that came with PyAV first, as the tests ran with it."""
    package = Path(av.__file__).parent
    for folder in (package.parent / "av.libs", package / ".dylibs"):
        yield from sorted(str(path) for path in folder.glob("*opus*") if "opusfile" not in path.name)
    if found := ctypes.util.find_library("opus"):
        yield found


@functools.cache
def library() -> ctypes.CDLL:
    """Load libopus. Raises OSError with a sentence where there is none."""
    for name in _candidates():
        try:
            return _declared(ctypes.CDLL(name))
        except (OSError, AttributeError):
            continue
    raise OSError("libopus was not found: install the package libopus0 (or opus)")


def _declared(lib: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number = ctypes.c_void_p, ctypes.c_int32
    for kind, create in (
        ("encoder", [number, number, number, pointer]),
        ("decoder", [number, number, pointer]),
    ):
        getattr(lib, f"opus_{kind}_create").argtypes = create
        getattr(lib, f"opus_{kind}_create").restype = pointer
        getattr(lib, f"opus_{kind}_destroy").argtypes = [pointer]
        getattr(lib, f"opus_{kind}_destroy").restype = None
        # The rest of a ctl call is variadic: some calling conventions need the fixed part declared alone.
        getattr(lib, f"opus_{kind}_ctl").argtypes = [pointer, number]
    lib.opus_encode_float.argtypes = [pointer, pointer, number, pointer, number]
    lib.opus_decode_float.argtypes = [pointer, ctypes.c_char_p, number, pointer, number, number]
    return lib


def _checked(code: int) -> int:
    if code < 0:
        raise OpusError(code)
    return code


class Encoder:
    """A mono encoder at 48 kHz: variable bit rate, one frame a call."""

    def __init__(self, *, bitrate: int, complexity: int) -> None:
        self._lib = library()
        code = ctypes.c_int()
        self._state = self._lib.opus_encoder_create(RATE_HZ, 1, APPLICATION_AUDIO, ctypes.byref(code))
        _checked(code.value)
        self._out = ctypes.create_string_buffer(LARGEST_PACKET_BYTES)
        self._set(SET_BITRATE, bitrate)
        self._set(SET_COMPLEXITY, complexity)

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_encoder_destroy(self._state)

    def _set(self, setting: int, value: int) -> None:
        _checked(self._lib.opus_encoder_ctl(self._state, setting, ctypes.c_int(value)))

    def lookahead(self) -> int:
        """Return by how many samples the decoded sound comes later (the pre-skip of RFC 7845)."""
        samples = ctypes.c_int()
        _checked(self._lib.opus_encoder_ctl(self._state, GET_LOOKAHEAD, ctypes.byref(samples)))
        return samples.value

    def encode(self, pcm: Pcm, frame: int) -> list[bytes]:
        """Encode whole frames of `frame` samples: contiguous float32, its length a multiple of `frame`."""
        if pcm.dtype != np.float32 or not pcm.flags.c_contiguous or len(pcm) % frame:
            raise ValueError("whole frames of contiguous float32 are wanted")
        encode, state, out, start = self._lib.opus_encode_float, self._state, self._out, pcm.ctypes.data
        packets = []
        for at in range(start, start + pcm.nbytes, 4 * frame):
            size = _checked(encode(state, at, frame, out, LARGEST_PACKET_BYTES))
            packets.append(ctypes.string_at(out, size))
        return packets


class Decoder:
    """A decoder at 48 kHz; packets of more channels than it has are mixed down by libopus.

    What it writes into has a row for each sample: one value, or one for each channel.
    """

    def __init__(self, channels: int = 1) -> None:
        self._lib = library()
        self._channels = channels
        self._into: Pcm | None = None
        self._address = 0
        code = ctypes.c_int()
        self._state = self._lib.opus_decoder_create(RATE_HZ, channels, ctypes.byref(code))
        _checked(code.value)

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_decoder_destroy(self._state)

    def decode(self, packet: bytes, into: Pcm, at: int) -> int:
        """Decode one packet to `into[at:]` and return its samples. Raises `OpusError`."""
        return self._call(packet, into, at, LONGEST_PACKET, 0)

    def conceal(self, following: bytes | None, into: Pcm, at: int, samples: int) -> int:
        """Fill `samples` (a multiple of 2.5 ms) for a lost packet, from the copy in `following` if any.

        RFC 6716 2.1.7: a packet may carry a coarse copy of the one before; else the decoder extrapolates.
        """
        return self._call(following, into, at, samples, 1 if following else 0)

    def _call(self, packet: bytes | None, into: Pcm, at: int, samples: int, repair: int) -> int:
        if into is not self._into:  # to ask numpy for it costs a tenth of what decoding does
            self._into, self._address = into, into.ctypes.data
        room = min(samples, len(into) - at)
        size = len(packet) if packet else 0
        where = self._address + 4 * self._channels * at
        return _checked(self._lib.opus_decode_float(self._state, packet, size, where, room, repair))
