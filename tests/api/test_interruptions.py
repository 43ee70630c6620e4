"""Kill -9, Ctrl-C, full disks and rivals: what was finished is kept, once, and the rest resumes."""

import fcntl
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.services import Services
from ledger.asset import Asset, read_asset_file
from ledger.errors import FirsthandError
from ledger.storage.folder import FileLock
from signer.actions import DigitalSourceType
from signer.manifest import Statement
from tests import media

from .command import SCRIPT, code_of, environment, firsthand, main, tree, verify

CAPTURE = Statement("", DigitalSourceType.DIGITAL_CAPTURE)


def _notes(folder: Path, count: int) -> list[Path]:
    notes = [folder / f"note-{number:02}.txt" for number in range(count)]
    for number, path in enumerate(notes):
        path.write_text(f"Caption number {number}.\n")
    return notes


def _begin(home: Path, *arguments: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [str(SCRIPT), *map(str, arguments)],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509  # it sets a signal, and nothing else
    )


def _heed_ctrl_c() -> None:
    """Whoever runs the tests in the background has it ignored, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _size(home: Path) -> int:
    return int((home / "log/checkpoint").read_text().splitlines()[1])


@pytest.mark.parametrize("moment", [1, 4])
def test_a_batch_killed_in_the_middle_is_resumed_without_a_loss_or_a_double(
    home: Path, folder: Path, moment: int
) -> None:
    notes, out = _notes(folder, 8), folder / "out"
    call: list[str | Path] = ["sign", "--json", "--jobs", "2", "-o", out, *notes]
    process = _begin(home, *call)
    _wait_for(lambda: _size(home) >= moment)
    process.kill()
    process.communicate()
    finished = {path.name: path.read_bytes() for path in out.glob("*.c2pa")}
    assert firsthand(home, *call).code in (2, 5)  # without --resume nothing is taken for done
    ran = main(home, "sign", "--resume", *call[1:])
    assert (ran.code, ran.err) == (0, "")
    assert len({answer["index"] for answer in ran.objects}) == 8
    for name, store in finished.items():
        if (out / name.removesuffix(".c2pa")).exists():
            assert (out / name).read_bytes() == store  # what was finished is not signed again
    signed = [out / path.name for path in notes]
    assert [code_of(report) for report in verify(home, *signed)] == ["unchanged"] * 8
    ran = main(home, "log", "fsck")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("Tree size 8: ")


def test_a_file_that_was_signed_and_not_recorded_is_recorded_by_resume(
    home: Path, services: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kill falls between the two; what lies there is the whole of a signed file."""
    photograph, parent = media.photograph(folder), media.another_photograph(folder)
    out = folder / "photograph.signed.jpg"

    def die(*_: object, **__: object) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr("api.registrar.Registrar._register", die)
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # the dead tidy nothing up
        with pytest.raises(_Killed):
            services.registrar.sign(photograph, out, CAPTURE, parent)
    signed = out.read_bytes()
    assert _size(home) == 0
    for _ in range(2):  # and to resume what is done already changes nothing
        assert main(home, "sign", "--resume", photograph, "--parent", parent).code == 0
        assert out.read_bytes() == signed
        assert _size(home) == 2  # the registration and the derivation
    assert code_of(verify(home, out)[0]) == "unchanged"


class _Killed(BaseException):
    pass


def test_resume_does_not_take_a_file_of_ones_own_for_a_signed_one(home: Path, folder: Path) -> None:
    photograph = media.photograph(folder)
    stranger = folder / "photograph.signed.jpg"
    media.another_photograph(folder).rename(stranger)
    before = tree(folder)
    ran = main(home, "sign", "--resume", photograph)
    assert ran.code == 2
    assert "was not signed" in ran.complaint
    assert tree(folder) == before
    assert _size(home) == 0


def test_two_batches_at_once_on_one_home_both_succeed(home: Path, folder: Path) -> None:
    notes = _notes(folder, 12)
    batches = [
        _begin(home, "sign", "--jobs", "2", "-o", folder / name, *some)
        for name, some in (("one", notes[:8]), ("two", notes[4:]))
    ]
    for batch in batches:
        _, err = batch.communicate(timeout=120)
        assert (batch.returncode, err) == (0, b"")
    assert main(home, "log", "fsck").err.startswith("Tree size 16: ")


def test_two_processes_that_record_the_same_files_enter_each_once(home: Path, folder: Path) -> None:
    notes = _notes(folder, 8)
    batches = [_begin(home, "record", *notes) for _ in range(2)]
    for batch in batches:
        _, err = batch.communicate(timeout=120)
        assert (batch.returncode, err) == (0, b"")
    assert main(home, "log", "fsck").err.startswith("Tree size 8: ")


@pytest.mark.parametrize("name", ["log.lock", "registrar.lock"])
def test_a_lock_held_too_long_is_said_and_nothing_is_left(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    [note] = _notes(folder, 1)
    before = tree(folder)
    made = FileLock.__init__

    def short(self: FileLock, path: Path, timeout_seconds: float = 0.2) -> None:
        made(self, path, timeout_seconds)

    monkeypatch.setattr(FileLock, "__init__", short)
    with (home / name).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ran = main(home, "sign", note)
    assert ran.code == 4
    assert "another process has held" in ran.complaint
    assert tree(folder) == before
    assert main(home, "sign", note).code == 0


def test_ctrl_c_finishes_what_is_begun_and_begins_no_more(home: Path, folder: Path) -> None:
    notes = _notes(folder, 300)
    process = _begin(home, "sign", "--jobs", "1", "-o", folder / "out", *notes)
    _wait_for(lambda: _size(home) >= 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (
        130,
        b"firsthand: interrupted; what was finished is kept\n",
    )
    size = _size(home)
    assert size < 300
    assert [path for path in (folder / "out").iterdir() if path.suffix == ".partial"] == []
    assert main(home, "log", "fsck").err.startswith(f"Tree size {size}: ")


@pytest.mark.parametrize("limit", [0, 1 << 10, 1 << 13, 1 << 14, 1 << 15, 1 << 16, 1 << 17])
def test_a_disk_that_fills_up_leaves_nothing_half_written(
    home: Path, folder: Path, limit: int
) -> None:
    """No file may grow past the limit: what fails first is another thing each time."""
    photograph = media.photograph(folder)
    size = _size(home)
    before = tree(folder)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ran = firsthand(home, "sign", photograph, before=fill)
    signed = folder / "photograph.signed.jpg"
    if ran.code:
        assert ran.complaint
        assert not signed.exists() or _size(home) == size + 1
        left = {name: data for name, data in tree(folder).items() if name != str(signed)}
        assert left == before
    else:
        assert code_of(verify(home, signed)[0]) == "unchanged"
    assert main(home, "sign", "--resume", photograph).code == 0
    assert code_of(verify(home, signed)[0]) == "unchanged"
    ran = main(home, "log", "fsck")
    assert (ran.code, ran.out) == (0, "")


def test_a_file_that_vanishes_between_two_steps_is_said(
    home: Path, services: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_and_lose(path: Path) -> Asset:
        seen = read_asset_file(path)
        path.unlink(missing_ok=True)
        return seen

    monkeypatch.setattr("api.registrar.read_asset_file", look_and_lose)
    monkeypatch.setattr("verifier.observe.read_asset_file", look_and_lose)
    acts: list[Callable[[Path], object]] = [
        lambda path: services.registrar.sign(path, folder / "out.jpg", CAPTURE),
        lambda path: services.registrar.record(path, CAPTURE),
    ]
    for act in acts:
        photograph = media.photograph(folder)
        with pytest.raises(FirsthandError, match="does not exist"):
            act(photograph)
        assert list(folder.iterdir()) == []
        assert _size(home) == 0
    report = services.verify(media.photograph(folder))
    assert report.conclusion.code == "inconclusive"
