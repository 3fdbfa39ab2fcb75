"""Alien: a throat that no one has (McAdams), a little out of tune, through a flanger."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.masks.effects import MS, bent, shifted
from audio.masks.frames import by_frames
from audio.masks.revoice import pitch
from audio.pcm import Pcm, Spectrum, resample
from audio.take import SAMPLE_RATE_HZ

# Below 1 the resonances come together, and the pitch has to go down with them; above 1 the other way round:
# else 9 to 30 % of the words are lost. Nearer to 1 than 0.78 and 1.18, which cost 15 % of unknown speakers'.
ALPHAS = (0.82, 0.88), (1.08, 1.14)
OFF_HZ = 30.0
LOW_RATE_HZ = 16_000
FRAME, HOP, TRANSFORM = 480, 240, 1024
ORDER = 20
LARGEST_RADIUS = 0.995
FLANGER_MS, FLANGER_SWING_MS, FLANGER_HZ, FLANGER_GAIN = 2.2, 1.6, 0.55, 0.6

Coefficients = NDArray[np.float64]


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return the voice of somebody from elsewhere; each clip draws how far."""
    low, high = ALPHAS
    alpha = chance.uniform(*(low if chance.random() < 0.5 else high))
    num, den = (5, 6) if alpha < 1 else (6, 5)
    strange = shifted(_bent_throat(pitch(pcm, num, den), alpha), OFF_HZ if alpha < 1 else -OFF_HZ)

    def lag(at_s: Coefficients) -> Coefficients:
        return -(FLANGER_MS + FLANGER_SWING_MS * np.sin(2 * np.pi * FLANGER_HZ * at_s)) * MS

    return strange + np.float32(FLANGER_GAIN) * bent(strange, lag)


def _bent_throat(pcm: Pcm, alpha: float) -> Pcm:
    """Move the resonances of each frame: the angle of each pole is raised to a power."""
    low = resample(pcm, SAMPLE_RATE_HZ, LOW_RATE_HZ)

    def moved(spectra: Spectrum, _: int) -> Spectrum:
        powers = np.abs(spectra) ** 2
        filters = _predictors(np.fft.irfft(powers, TRANSFORM)[:, : ORDER + 1].astype(np.float64))
        response = np.fft.rfft(filters, TRANSFORM) / _polynomials(_moved_poles(filters, alpha))
        after = np.sum(powers * np.abs(response) ** 2, axis=1) + 1e-12
        gain = np.sqrt(np.sum(powers, axis=1) / after)
        return np.asarray(spectra * response * gain[:, None], dtype=np.complex64)

    bent_low = by_frames(low, FRAME, HOP, moved, transform=TRANSFORM)
    back = resample(bent_low, LOW_RATE_HZ, SAMPLE_RATE_HZ)[: len(pcm)]
    return np.pad(back, (0, len(pcm) - len(back)))


def _predictors(correlations: Coefficients) -> Coefficients:
    """Return the linear predictor of each frame, by Levinson and Durbin, for all frames at once."""
    correlations[:, 0] = correlations[:, 0] * 1.0001 + 1e-9
    filters = np.zeros_like(correlations)
    filters[:, 0] = 1
    left = correlations[:, 0].copy()
    for step in range(1, ORDER + 1):
        reflection = -np.sum(filters[:, :step] * correlations[:, step:0:-1], axis=1) / left
        filters[:, 1:step] += reflection[:, None] * filters[:, step - 1 : 0 : -1].copy()
        filters[:, step] = reflection
        left *= 1 - reflection**2
    return filters


def _moved_poles(filters: Coefficients, alpha: float) -> NDArray[np.complex128]:
    companions = np.zeros((len(filters), ORDER, ORDER))
    companions[:, 0, :] = -filters[:, 1:]
    companions[:, np.arange(1, ORDER), np.arange(ORDER - 1)] = 1
    poles = np.linalg.eigvals(companions).astype(np.complex128)
    angles = np.minimum(np.abs(np.angle(poles)) ** alpha, np.pi * 0.999) * np.sign(poles.imag)
    moved = np.minimum(np.abs(poles), LARGEST_RADIUS) * np.exp(1j * angles)
    return np.asarray(np.where(np.abs(poles.imag) < 1e-9, poles, moved), dtype=np.complex128)


def _polynomials(poles: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return the product of (1 - pole / z) at each bin."""
    z = np.exp(-2j * np.pi * np.arange(TRANSFORM // 2 + 1) / TRANSFORM)
    product = np.ones((len(poles), len(z)), dtype=np.complex128)
    for pole in range(ORDER):
        product *= 1 - poles[:, pole, None] * z
    return product
