"""How much of a sound is a voice, by Silero's detector, whose file faster-whisper brings along.

To be imported in processes of their own only, and only where the extra `captions` is installed.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

RATE_HZ = 16_000
WINDOW = 512  # samples: 32 ms
CONTEXT = 64  # samples of the window before
WINDOW_MS = WINDOW * 1000 // RATE_HZ
VOICED = 0.5  # probability from which a window counts

Samples = NDArray[np.float32]


def speech_ms(samples: Samples) -> int:
    """Return for how long somebody speaks in a sound of 16 kHz."""
    return int(np.count_nonzero(probabilities(samples) > VOICED)) * WINDOW_MS


def probabilities(samples: Samples) -> Samples:
    """Return for each 32 ms how probable a voice is."""
    windows = -(-len(samples) // WINDOW)
    if not windows:
        return np.zeros(0, np.float32)
    padded = np.zeros(CONTEXT + (windows + 1) * WINDOW, np.float32)  # one more: the last word rings out
    padded[CONTEXT : CONTEXT + len(samples)] = np.nan_to_num(samples, posinf=0.0, neginf=0.0)
    rows = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + WINDOW)[::WINDOW]
    state = np.zeros((1, 1, 128), np.float32)
    (found, *_) = _session().run(None, {"input": np.ascontiguousarray(rows), "h": state, "c": state})
    return np.ravel(found).astype(np.float32)


@functools.cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(_file()), options, providers=["CPUExecutionProvider"])


def _file() -> Path:
    """Return where faster-whisper keeps the detector, without importing it: that takes a second."""
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise ImportError("faster-whisper is not installed")
    return next((Path(spec.origin).parent / "assets").glob("silero*.onnx"))
