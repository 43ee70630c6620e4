"""What happens in honest clips, drawn: captions, light, the dark, a camera that shakes, noise."""

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Random = np.random.Generator


def disturbed(frames: Pixels, random: Random) -> Pixels:
    """Let something honest happen to luma frames (n, height, width), or nothing."""
    frames = frames.copy()
    if random.random() < 0.12:
        frames = _shaken(frames, random)
    frames = _lit(frames, random)
    if random.random() < 0.07:  # it is dark
        frames = (16 + (frames - 16.0) * random.uniform(0.08, 0.45)).clip(0, 255).astype(np.uint8)
    if random.random() < 0.14:
        for _ in range(int(random.integers(1, 4))):
            _caption(frames, random)
    if random.random() < 0.12:
        noise = random.normal(0, random.uniform(1.5, 6), (8, *frames.shape[1:]))
        for each in frames:
            each[:] = np.clip(each + noise[random.integers(0, 8)], 0, 255)
    return frames


def _shaken(frames: Pixels, random: Random) -> Pixels:
    count, height, width = frames.shape
    most = max(2, int(0.04 * min(height, width)))
    if random.random() < 0.5:
        way = np.cumsum(random.normal(0, random.uniform(0.2, 1.5), (count, 2)), 0)
    else:  # it is knocked, and swings
        way = np.zeros((count, 2))
        for _ in range(int(random.integers(1, 5))):
            at = int(random.integers(0, count))
            after = np.arange(count - at)
            swing = np.exp(-after / random.uniform(1, 6)) * np.cos(after * random.uniform(0.6, 2.5))
            way[at:] += swing[:, None] * random.normal(0, most, 2)
    down, across = np.clip(np.rint(way), -most, most).astype(int).T + most
    inside = (height - 2 * most) // 2 * 2, (width - 2 * most) // 2 * 2
    moved = [
        frame[top : top + inside[0], left : left + inside[1]]
        for frame, top, left in zip(frames, down, across, strict=True)
    ]
    return np.stack(moved)


def _lit(frames: Pixels, random: Random) -> Pixels:
    count, _, width = frames.shape
    light = np.ones(count)
    if random.random() < 0.08:  # flashes
        for _ in range(int(random.integers(1, 5))):
            at = int(random.integers(0, count))
            light[at : at + int(random.integers(1, 4))] *= random.uniform(1.15, 2.5)
    if random.random() < 0.06:  # a lamp is switched
        light[int(random.integers(0, count)) :] *= random.uniform(0.7, 1.35)
    if random.random() < 0.03:  # a lamp flickers
        beat = np.sin(np.arange(count) * random.uniform(0.3, 3))
        light *= 1 + random.uniform(0.01, 0.06) * beat
    if (light == 1).all():
        return frames
    part = width if random.random() < 0.7 else int(width * random.uniform(0.3, 1))
    frames[:, :, :part] = np.clip(frames[:, :, :part] * light[:, None, None], 0, 255)
    return frames


def _caption(frames: Pixels, random: Random) -> None:
    count, height, width = frames.shape
    start = int(random.integers(0, count))
    end = count if random.random() < 0.4 else start + int(random.integers(3, 90))
    tall, wide = int(height * random.uniform(0.05, 0.25)), int(width * random.uniform(0.2, 0.9))
    top, left = int(random.integers(0, height - tall)), int(random.integers(0, width - wide))
    ink = int(random.choice([0, 235, 255, int(random.integers(0, 256))]))
    letters = np.zeros((tall, wide), bool)
    line = max(5, tall // int(random.integers(1, 4)))
    for row in range(0, tall - 4, line):
        column = 2
        while column < wide - 4:
            across = int(random.integers(2, 8))
            letter = letters[row + 1 : row + int(line * 0.7), column : column + across]
            letter[:] = random.random(letter.shape) < 0.7
            column += across + int(random.integers(1, 5))
    place = frames[start:end, top : top + tall, left : left + wide]
    if random.random() < 0.5:
        place[:] = place * 0.25 + (180 if ink < 128 else 20) * 0.75
    place[:, letters] = ink
