"""Copy recorded speech by vocoders: `python -m bench.training.voice_copies FOLDER`.

For each `real*/` source of 16 kHz WAVs under FOLDER, `fake_own_<vocoder>/` gets copies of its
clips: the same words, voice, room and microphone, so that a network that tells them apart has
nothing to go by but the vocoder (Wang and Yamagishi, "Spoofed training data for speech spoofing
countermeasure can be efficiently created using neural vocoders", 2023). WORLD (pyworld), linear
prediction and Griffin-Lim from a mel and a linear spectrogram always; a HiFi-GAN as ONNX, from 80
mel bands at 22,050 Hz, and a folder with Lyra's three TFLite models (ai-edge-litert) where they
are given. With `--of` the HiFi-GAN alone copies at most twelve clips of each source named, into
`fake_hifigancopy_<source>/`.
"""

import argparse
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, signal

from .voice_views import digest

RATE = 16_000
_MOST = 12  # clips of a source, with `--of`
SEGMENT = 9 * RATE // 2  # samples of a copy: 4.5 s

Floats = npt.NDArray[np.floating]
Random = np.random.Generator
Vocoder = Callable[[Floats, Random], Floats]


def mel_filters(rate: int, size: int, bands: int = 80, top: float = 8000.0) -> Floats:
    """Triangles of equal width in mel (Slaney's), each of unit area: (bands, bins)."""

    def to_mel(hertz: float) -> float:
        if hertz < 1000:
            return hertz * 3 / 200
        return float(15 + np.log(hertz / 1000) * 27 / np.log(6.4))

    mels = np.linspace(0, to_mel(top), bands + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    places = np.linspace(0, rate / 2, size // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (places - low) / (middle - low), (high - places) / (high - middle)
    filters: Floats = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return filters


def transform(samples: Floats, size: int, step: int) -> npt.NDArray[np.complex128]:
    """The short-time Fourier transform, centred, with a Hann window: (frames, bins)."""
    around = np.pad(samples, (size - step) // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(around, size)[::step]
    return np.fft.rfft(frames * np.hanning(size + 1)[:-1], axis=1)


def inverse(bins: npt.NDArray[np.complex128], size: int, step: int, length: int) -> Floats:
    """The samples of a short-time Fourier transform."""
    taper = np.hanning(size + 1)[:-1]
    frames = np.fft.irfft(bins, size, axis=1) * taper
    told = np.zeros((len(frames) - 1) * step + size)
    weight = np.zeros_like(told)
    for place, frame in enumerate(frames):
        told[place * step : place * step + size] += frame
        weight[place * step : place * step + size] += taper**2
    start = (size - step) // 2
    return (told / np.maximum(weight, 1e-3))[start : start + length]


def griffin_lim(sizes: Floats, size: int, step: int, length: int, random: Random) -> Floats:
    """Samples whose spectrogram has these magnitudes, or nearly (Perraudin's fast variant)."""
    phases = np.exp(2j * np.pi * random.random(sizes.shape))
    before: npt.NDArray[np.complex128] = np.zeros_like(phases)
    for _ in range(int(random.integers(10, 45))):
        now = transform(inverse(sizes * phases, size, step, length), size, step)[: len(sizes)]
        now = np.pad(now, ((0, len(sizes) - len(now)), (0, 0)))
        moved = now + 0.99 * (now - before)
        before, phases = now, moved / np.maximum(np.abs(moved), 1e-9)
    return inverse(sizes * phases, size, step, length)


def from_mel(samples: Floats, random: Random) -> Floats:
    """By way of 80 mel bands, without phase."""
    filters = mel_filters(RATE, 1024)
    bands = filters @ np.abs(transform(samples, 1024, 256)).T
    sizes = np.maximum(np.linalg.pinv(filters) @ bands, 1e-6).T
    return griffin_lim(sizes, 1024, 256, len(samples), random)


def from_magnitudes(samples: Floats, random: Random) -> Floats:
    """By way of the spectrogram without its phase."""
    size = int(random.choice([512, 800, 1024]))
    sizes = np.abs(transform(samples, size, size // 4))
    return griffin_lim(sizes, size, size // 4, len(samples), random)


def world(samples: Floats, random: Random) -> Floats:
    """By way of pitch, envelope and aperiodicity; now and then of another pitch and vocal tract."""
    import pyworld

    exact = samples.astype(np.float64)
    pitch, times = pyworld.dio(exact, RATE)
    pitch = pyworld.stonemask(exact, pitch, times, RATE)
    envelope = pyworld.cheaptrick(exact, pitch, times, RATE)
    breath = pyworld.d4c(exact, pitch, times, RATE)
    if random.random() < 0.3:
        pitch = pitch * 2 ** (random.uniform(-3, 3) / 12)
    if random.random() < 0.4:
        places = np.arange(envelope.shape[1]) * random.uniform(0.88, 1.14)
        envelope = envelope[:, places.clip(0, envelope.shape[1] - 1).astype(int)]
    if random.random() < 0.5:
        few = pyworld.code_spectral_envelope(
            np.ascontiguousarray(envelope), RATE, int(random.integers(24, 60))
        )
        envelope = pyworld.decode_spectral_envelope(few, RATE, 1024)
        breath = pyworld.decode_aperiodicity(pyworld.code_aperiodicity(breath, RATE), RATE, 1024)
    told: Floats = pyworld.synthesize(pitch, np.ascontiguousarray(envelope), breath, RATE)
    return told


def predicted(samples: Floats, random: Random) -> Floats:
    """By way of linear prediction, excited by pulses where there is a pitch, else by noise."""
    import pyworld

    order, size, step = int(random.integers(14, 26)), 480, 160
    pitch, _ = pyworld.dio(samples.astype(np.float64), RATE, frame_period=10.0)
    excited = random.standard_normal(len(samples) + size) * 0.3
    place = 0.0
    while place < len(samples):
        hertz = pitch[min(int(place / step), len(pitch) - 1)]
        if hertz >= 50:
            excited[int(place)] += np.sqrt(RATE / hertz)
        place += RATE / hertz if hertz >= 50 else step / 2
    taper, told = np.hanning(size), np.zeros(len(samples) + size)
    for start in range(0, len(samples) - size, step):
        frame = samples[start : start + size] * taper
        alike = np.correlate(frame, frame, "full")[size - 1 : size + order]
        alike[0] = alike[0] * 1.0001 + 1e-7
        line = linalg.solve_toeplitz(alike[:order], alike[1 : order + 1])
        gain = np.sqrt(max(alike[0] - line @ alike[1 : order + 1], 1e-9) / size * 2.67)
        pitched = pitch[min(start // step + 1, len(pitch) - 1)] >= 50
        source = excited[start : start + size] if pitched else random.standard_normal(size)
        told[start : start + size] += signal.lfilter([1], np.r_[1, -line], source * gain) * taper
    return told[: len(samples)] / 1.5


def hifi_gan(path: Path) -> Vocoder:
    """A HiFi-GAN as ONNX: log mel bands (1, 80, frames) in, samples at 22,050 Hz out."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    filters = mel_filters(22_050, 1024)

    def copy(samples: Floats, random: Random) -> Floats:
        loud = signal.resample_poly(samples, 441, 320)
        loud *= random.uniform(0.72, 0.9) / max(float(np.abs(loud).max()), 1e-3)
        bands = np.log(np.maximum(filters @ np.abs(transform(loud, 1024, 256)).T, 1e-5))
        told = session.run(None, {"mel": bands[None].astype(np.float32)})[0].ravel()
        return signal.resample_poly(told, 320, 441)

    return copy


def lyra(folder: Path, codes: int) -> Vocoder:
    """Lyra 2, a SoundStream: frames of 20 ms as `codes` codes of 4 bits, or unquantised for 0."""
    from ai_edge_litert.interpreter import Interpreter

    def model(name: str) -> Any:
        return Interpreter(str(folder / f"{name}.tflite"), num_threads=1)

    encoder, quantizer, decoder = model("soundstream_encoder"), model("quantizer"), model("lyragan")
    encode, decode = encoder.get_signature_runner(), decoder.get_signature_runner()
    to_codes, to_features = (quantizer.get_signature_runner(each) for each in ("encode", "decode"))

    def copy(samples: Floats, random: Random) -> Floats:  # noqa: ARG001  # as all copies are asked
        whole = np.pad(samples, (0, -len(samples) % 320)).astype(np.float32)
        told = []
        for frame in whole.reshape(-1, 1, 320):
            features = encode(input_audio=frame)["output_0"].reshape(1, 1, 64)
            if codes:
                answers = to_codes(input_frames=features, num_quantizers=np.int32(codes))
                chosen = max(answers.values(), key=np.size).reshape(46, 1, 1).astype(np.int32)
                chosen[codes:] = -1
                features = to_features(encoding_indices=chosen)["output_0"].reshape(1, 1, 64)
            told.append(decode(input_audio=features)["output_0"].ravel())
        return np.concatenate(told)

    return copy


def main() -> None:
    """Copy what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hifigan", type=Path, help="a HiFi-GAN, as ONNX")
    parser.add_argument("--lyra", type=Path, help="a folder with Lyra's TFLite models")
    parser.add_argument("--share", type=float, default=0.3, help="of the clips, for each vocoder")
    parser.add_argument("--of", nargs="+", default=[], help="patterns of sources")
    options = parser.parse_args()
    if options.of:
        vocoder = hifi_gan(options.hifigan)
        for place in sorted({each for one in options.of for each in options.folder.glob(one)}):
            to = options.folder / f"fake_hifigancopy_{place.name}"
            to.mkdir(exist_ok=True)
            for path in sorted(place.glob("*.wav"), key=lambda each: digest(each.name))[:_MOST]:
                draw = int(digest(f"hifigan {path.name}")[:8], 16)
                _copy(path, to / path.name, vocoder, np.random.default_rng(draw))
        return
    vocoders: dict[str, Vocoder] = {"world": world, "lpc": predicted, "gl_mel": from_mel}
    vocoders["gl_lin"] = from_magnitudes
    if options.hifigan:
        vocoders["hifigan"] = hifi_gan(options.hifigan)
    if options.lyra:
        vocoders |= {f"lyra{4 * codes}": lyra(options.lyra, codes) for codes in (0, 16, 30, 46)}
    for name, vocoder in vocoders.items():
        to = options.folder / f"fake_own_{name}"
        to.mkdir(exist_ok=True)
        for path in sorted(options.folder.glob("real*/*.wav")):
            draw = int(digest(f"{name} {path.name}")[:8], 16)
            if draw < options.share * 2**32:
                _copy(path, to / path.name, vocoder, np.random.default_rng(draw))


def _copy(path: Path, to: Path, vocoder: Vocoder, random: Random) -> None:
    with wave.open(str(path)) as opened:
        samples = np.frombuffer(opened.readframes(SEGMENT), "<i2") / 32768
    if len(samples) < 1.6 * RATE:
        return
    told = vocoder(samples, random)
    told = told * samples.std() / max(float(told.std()), 1e-6)
    with wave.open(str(to), "wb") as opened:
        opened.setparams((1, 2, RATE, 0, "NONE", ""))
        opened.writeframes((told.clip(-1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
