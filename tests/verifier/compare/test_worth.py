"""What a peak says depends on how loud the suspect is where it lies, as the two themselves tell."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ledger.asset import HEAD_SIZE, detect_media_type
from tests import media
from verifier.compare.hearing import hear, recorded
from verifier.compare.pieces import Piece
from verifier.compare.worth import Shares, Worth
from verifier.fingerprint.lines import Line
from verifier.fingerprint.peaks import RATE, fingerprint_peaks
from verifier.media.decode import samples

Samples = npt.NDArray[np.float32]
SAME = Line(1.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Two pieces that the wheels carry, one after the other: 10 s."""
    folder = tmp_path_factory.mktemp("worth")
    paths = media.recording(folder), media.another_recording(folder)
    return np.concatenate([block for path in paths for block in read(path)])


def read(path: Path) -> list[Samples]:
    return list(samples(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]), rate=RATE))


def at(seconds: float) -> int:
    return round(seconds * RATE)


def noisy(music: Samples, decibels: float) -> Samples:
    level = np.sqrt(np.square(music).mean()) * 10 ** (-decibels / 20)
    noise = np.random.default_rng(1).standard_normal(len(music)) * level
    return np.asarray(music + noise, np.float32)


def worth_of(suspect: Samples, original: Samples) -> Worth:
    """From the record alone."""
    heard, record = hear([suspect]), recorded(fingerprint_peaks([original]))
    return Worth.of(heard, record, [Piece(0.0, heard.duration, SAME)])


def test_in_noise_loud_peaks_survive_more_often_than_faint_ones(music: Samples) -> None:
    worth = worth_of(noisy(music, 5), music)
    for shares in (worth.ours, worth.theirs):
        assert shares.shares[4] > shares.shares[0] + 0.1
        assert shares.shares[:5].min() <= shares.usual <= shares.shares[:5].max()


def test_a_share_of_a_level_that_is_not_known_is_the_usual_one() -> None:
    levels = np.array([np.nan, *range(20)], np.float64)
    shares = Shares.of(levels, np.arange(21) > 10)
    assert shares.at(np.array([np.nan])) == shares.usual
    assert shares.at(np.array([0.0])) < shares.usual < shares.at(np.array([19.0]))
    assert Shares.of(np.zeros(0), np.zeros(0, np.bool_)).at(np.array([1.0, np.nan])).tolist() == [
        0.5,
        0.5,
    ]


def test_other_sound_speaks_against_the_line_and_its_own_for_it(music: Samples) -> None:
    made = music.copy()
    made[at(4) : at(4.4)] = music[at(8) : at(8.4)][::-1]
    worth = worth_of(noisy(made, 20), music)
    assert worth.against(Piece(4.0, 4.4, None), SAME, SAME)[0] > 11
    for start in np.arange(0.5, 9.8, 0.4):
        if not 3.5 < start < 4.5:
            assert worth.against(Piece(start, start + 0.4, None), SAME, SAME)[0] < 3


def test_nothing_speaks_against_a_cut_from_one_line_to_the_next(music: Samples) -> None:
    later = Line(1.0, 1.5, 0.0)
    worth = worth_of(np.concatenate((music[: at(4)], music[at(5.5) :])), music)
    against, cut = worth.against(Piece(3.6, 4.4, None), SAME, later)
    assert against < 3
    assert cut == pytest.approx(4, abs=0.1)
    assert worth.against(Piece(3.6, 4.4, None), SAME, SAME)[0] > against + 5


def test_the_cut_is_the_one_that_a_slow_search_finds(music: Samples) -> None:
    later = Line(1.0, 0.7, 0.0)
    worth = worth_of(noisy(music, 10), music)
    piece = Piece(5.0, 7.0, None)
    (times, nats), (others, theirs) = worth.said(SAME), worth.said(later)
    slow = max(
        nats[(times >= 5) & (times < cut)].sum() + theirs[(others >= cut) & (others < 7)].sum()
        for cut in (*times[(times >= 5) & (times < 7)], *others[(others >= 5) & (others < 7)], 7.0)
    )
    assert worth.against(piece, SAME, later)[0] == pytest.approx(-slow, abs=1e-6)
