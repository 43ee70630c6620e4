"""A hostile decoder can hurt nobody but itself; its parent always gets an answer or an error."""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FirsthandError, FormatError
from tests import media
from verifier.errors import DecoderFailed, LimitReached, SandboxError, Unreadable
from verifier.media.answer import format_value, parse_answer, parse_value
from verifier.media.limits import Limits, format_limits, limits_for, parse_limits
from verifier.media.sandbox import Sandbox

from . import jobs

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def children() -> list[tuple[int, str]]:
    """Each living descendant of the sandbox's server and ours: its parent, and its state."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                found.append((int(parent), state))
    return found


def test_plain_values_come_back_as_they_went(sandbox: Sandbox) -> None:
    value = {"bytes": b"\x00\xff", "text": "å", "list": [1, -2, 3.5, None, True], "map": {"a": []}}
    assert sandbox.run(jobs.echo, value) == value
    assert sandbox.run(jobs.add, 1, 2, 3) == 6


def test_each_job_is_another_process_without_privileges_or_secrets(sandbox: Sandbox) -> None:
    os.environ["FIRSTHAND_TEST_SECRET"] = "hunter2"
    try:
        with Sandbox(sandbox.limits) as fresh:
            seen = fresh.run(jobs.surroundings)
    finally:
        del os.environ["FIRSTHAND_TEST_SECRET"]
    assert "hunter2" not in str(seen["environment"])
    assert seen["no_new_privileges"]
    assert int(seen["capabilities"], 16) == 0
    assert seen["core"] == 0
    assert seen["inputs"] == ["/dev/null", "/dev/null"]
    # Its three standard ones, its answer, and the folder that it was just listing.
    assert len(seen["descriptors"]) == 5
    assert seen["main"].endswith("server.py"), "our main module must not run again in the child"


@pytest.mark.parametrize(
    ("job", "arguments", "error", "word"),
    [
        (jobs.spin, (), LimitReached, "processor time"),
        (jobs.sleep, (), LimitReached, "took more than 1 seconds"),
        (jobs.allocate, (), LimitReached, "512 MiB of memory"),
        (jobs.crash, (), DecoderFailed, "SIGSEGV"),
        (jobs.leave, (7,), DecoderFailed, "exit status 7"),
        (jobs.leave, (0,), DecoderFailed, "nonsensical"),
        (jobs.answer_gigabytes, (), LimitReached, "answer of more than"),
        (jobs.answer_large, (1 << 20,), LimitReached, "answer of more than"),
        (jobs.answer_object, (), DecoderFailed, "PosixPath"),
        (jobs.raise_error, ("foreign",), DecoderFailed, "ZeroDivisionError: a decoder's own"),
        (jobs.raise_error, ("deep",), DecoderFailed, "nested too deeply"),
        (jobs.raise_error, ("unlisted",), DecoderFailed, "not in the table"),
        (jobs.raise_error, ("root",), DecoderFailed, "too general"),
        (jobs.raise_error, ("exit",), DecoderFailed, "exit status"),
    ],
)
def test_a_hostile_job_is_a_typed_error_of_one_sentence_and_the_next_job_runs(
    sandbox: Sandbox,
    job: object,
    arguments: tuple[object, ...],
    error: type[FirsthandError],
    word: str,
) -> None:
    wall = 1.0 if job is jobs.sleep else 60.0
    cpu = 1 if job is jobs.spin else 30
    limits = Limits(address_space=512 << 20, cpu=cpu, wall=wall, answer=1 << 20)
    assert callable(job)
    with pytest.raises(error) as caught:
        sandbox.run(job, *arguments, limits=limits)
    assert type(caught.value) is error
    assert word in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.remedy or error is DecoderFailed
    assert sandbox.run(jobs.echo, "alive") == "alive"


def test_an_error_of_ours_keeps_its_type_message_and_remedy(sandbox: Sandbox) -> None:
    with pytest.raises(Unreadable, match="the file is torn") as caught:
        sandbox.run(jobs.raise_error, "ours")
    assert type(caught.value) is Unreadable
    assert caught.value.remedy == "get another"


def test_terminal_escapes_and_bidi_marks_in_a_message_are_made_harmless(sandbox: Sandbox) -> None:
    with pytest.raises(Unreadable) as caught:
        sandbox.run(jobs.raise_error, "escapes")
    assert caught.value.message == "red �[31m text�second line�"


def test_what_a_job_prints_goes_nowhere(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    assert sandbox.run(jobs.print_much) == "done"
    assert capfd.readouterr() == ("", "")


def test_signals_that_a_job_sends_itself_end_in_an_error_or_in_nothing(sandbox: Sandbox) -> None:
    for number in (signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        with contextlib.suppress(DecoderFailed, LimitReached):
            assert sandbox.run(jobs.kill_itself, int(number)) == "unharmed"
    assert sandbox.run(jobs.echo, "alive") == "alive"


def test_a_pickle_in_place_of_an_answer_is_never_opened(sandbox: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "pickled"
    with pytest.raises(DecoderFailed, match="nonsensical"):
        sandbox.run(jobs.answer_pickle, str(target))
    assert not target.exists()
    pickle.loads(pickle.dumps(jobs.Evil(str(target))))  # noqa: S301  # the attack itself is real
    assert target.is_dir()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00",
        cbor2.dumps({"value": 1})[:-1],
        cbor2.dumps({"value": 1}) + b"\x00",
        cbor2.dumps({"value": 1, "error": ["Unreadable", "", ""]}),
        cbor2.dumps({"error": ["SystemExit", "x", ""]}),
        cbor2.dumps({"error": ["StorageError", "x", ""]}),
        cbor2.dumps({"error": "Unreadable"}),
        cbor2.dumps({"value": {1: 2}}),
        cbor2.dumps({"value": 2**64}),  # a bignum: tag 2
        bytes.fromhex("a16576616c7565d8236428612b29"),  # tag 35, a regular expression
        bytes.fromhex("a16576616c7565c4821b00ffffffffffffff01"),  # tag 4, a vast decimal
        bytes.fromhex("a16576616c7565d81c80"),  # tag 28, a shared value
        bytes.fromhex("a16576616c7565f7"),  # undefined
        bytes.fromhex("a16576616c75659b0fffffffffffffff"),  # an array that claims to be endless
        bytes.fromhex("a16576616c75659fff"),  # an array of indefinite length
        b"\x81" * 100_000,
    ],
)
def test_an_answer_of_the_jobs_own_making_is_refused(sandbox: Sandbox, answer: bytes) -> None:
    with pytest.raises(DecoderFailed, match="nonsensical"):
        sandbox.run(jobs.answer_raw, answer)


@given(PLAIN)
def test_every_plain_value_survives_the_wall(value: object) -> None:
    assert parse_value(format_value(value)) == value


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_an_answer_do_anything_but_fail_or_be_plain(data: bytes) -> None:
    try:
        parse_answer(data)
    except FirsthandError as problem:
        assert problem.message.isprintable()  # noqa: PT017


def test_a_clip_that_hardly_moves_has_time_to_be_recorded() -> None:
    seconds = 3600
    size = seconds * 200_000 // 8  # bytes of an hour at 0.2 Mb/s
    assert limits_for(size).cpu > seconds / 12
    assert limits_for(1 << 50).cpu == limits_for(1 << 60).cpu


def test_a_clip_ten_times_as_long_takes_no_more_memory(sandbox: Sandbox, tmp_path: Path) -> None:
    small = tmp_path / "small.mp4"
    reduced = ("-vf", "scale=96:-2,fps=2", "-c:a", "aac", "-b:a", "16k")
    media.run_ffmpeg("-i", str(media.clip_with_sound(tmp_path)), *reduced, str(small))
    peaks = []
    for seconds in (60, 600):
        path = tmp_path / f"{seconds}.mp4"
        again = ("-stream_loop", "-1", "-i", str(small), "-t", str(seconds), "-c", "copy")
        media.run_ffmpeg(*again, str(path))
        told = sandbox.run(jobs.most_memory_of_decoding, str(path), "video/mp4")
        assert isinstance(told, int)
        peaks.append(told)
    held = 4 * 8000 * 540  # bytes of the samples, were they kept
    assert peaks[1] - peaks[0] < held / 3


def test_limits_are_read_back_exactly_or_not_at_all() -> None:
    assert parse_limits(format_limits(Limits(cpu=7))) == Limits(cpu=7)
    with pytest.raises(FormatError):
        parse_limits({"cpu": 7})
    with pytest.raises(ValueError, match="wall"):
        Limits(wall=0)


def test_what_a_job_starts_dies_with_it(sandbox: Sandbox) -> None:
    """Even what left its process group; and the same when the job is killed at its deadline."""
    before = len(children())
    if not sandbox.isolation().processes:
        pytest.skip("no process namespaces here: describe() says so")
    assert len(sandbox.run(jobs.fork_sleepers, 30)) == 30
    assert len(children()) <= before + 5


def test_two_hundred_jobs_leak_no_descriptor_and_leave_no_zombie(sandbox: Sandbox) -> None:
    sandbox.run(jobs.echo, 0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(200):
        if number % 10:
            sandbox.run(jobs.echo, number)
        else:
            with pytest.raises(DecoderFailed):
                sandbox.run(jobs.leave, 1)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert [state for parent, state in children() if parent == os.getpid() and state == "Z"] == []


def test_many_threads_run_jobs_side_by_side_each_with_its_own_answer(sandbox: Sandbox) -> None:
    def job(number: int) -> object:
        if number % 7 == 0:
            with pytest.raises(DecoderFailed):
                sandbox.run(jobs.crash)
            return number
        return sandbox.run(jobs.echo, number)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(job, range(60))) == list(range(60))


def test_a_job_has_no_network(sandbox: Sandbox) -> None:
    if not sandbox.isolation().network:
        pytest.skip("no network namespaces here: describe() says so")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        with pytest.raises(DecoderFailed):
            sandbox.run(jobs.connect, listener.getsockname()[1])
        with pytest.raises(TimeoutError):
            listener.accept()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.2)
        with contextlib.suppress(DecoderFailed):
            sandbox.run(jobs.send_datagram, listener.getsockname()[1])
        with pytest.raises(TimeoutError):
            listener.recv(100)


def test_a_job_reads_files_but_cannot_change_them(sandbox: Sandbox, tmp_path: Path) -> None:
    if not sandbox.isolation().files:
        pytest.skip("no Landlock here: describe() says so")
    canary = tmp_path / "canary"
    canary.write_text("sings")
    assert sandbox.run(jobs.read_file, str(canary)) == b"sings"
    for job in (jobs.write_file, jobs.delete_file, jobs.truncate_file):
        with pytest.raises(DecoderFailed, match="PermissionError"):
            sandbox.run(job, str(canary))
    assert canary.read_text() == "sings"


def test_a_job_cannot_open_more_files_than_its_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert (
        sandbox.run(jobs.open_many, str(path), limits=replace(sandbox.limits, open_files=20)) < 20
    )


def test_a_job_cannot_kill_its_parent_or_a_neighbour(sandbox: Sandbox) -> None:
    neighbour = subprocess.Popen(["sleep", "100"])  # noqa: S607
    try:
        for pid in (os.getpid(), os.getppid(), neighbour.pid):
            with pytest.raises(DecoderFailed, match=r"ProcessLookupError|PermissionError"):
                sandbox.run(jobs.signal_process, pid)
        assert neighbour.poll() is None
    finally:
        neighbour.kill()
        neighbour.wait()


def test_a_job_cannot_look_into_its_keeper_nor_stop_it(sandbox: Sandbox) -> None:
    """The keeper runs the next job: what this one could leave there would outlive it."""
    assert sandbox.run(jobs.trace_keeper) == -1
    with contextlib.suppress(DecoderFailed):
        sandbox.run(jobs.signal_process, 1)
    assert sandbox.run(jobs.echo, "next") == "next"


def test_one_keeper_runs_job_after_job_and_each_is_a_process_of_its_own(sandbox: Sandbox) -> None:
    with Sandbox(sandbox.limits, preload=()) as fresh:
        seen = [fresh.run(jobs.process_and_keeper) for _ in range(5)]
        assert len({job for job, _ in seen}) == 5
        assert len({keeper for _, keeper in seen}) == 1
        [server] = fresh._servers.values()
        assert len(server.idle) == 1


def test_a_keeper_that_was_killed_is_replaced(sandbox: Sandbox) -> None:
    with Sandbox(sandbox.limits, preload=()) as fresh:
        fresh.run(jobs.echo, 1)
        [server] = fresh._servers.values()
        [keeper] = server.idle
        keeper.shutdown(2)
        assert fresh.run(jobs.echo, 2) == 2


def test_every_protection_is_told_in_a_sentence(sandbox: Sandbox) -> None:
    said = sandbox.describe()
    assert len(said) == 4
    assert all(sentence.endswith(".") for sentence in said)
    held = sandbox.isolation()
    assert ("NOT" in said[3]) is not held.files
    assert ("OUTLIVE" in said[1]) is not held.processes


def test_functions_that_cannot_be_found_again_are_refused_before_a_job_starts(
    sandbox: Sandbox,
) -> None:
    with pytest.raises(SandboxError, match="top level"):
        sandbox.run(lambda: 1)
    with pytest.raises(FormatError):
        sandbox.run(jobs.echo, Path("/"))


def test_a_server_that_died_is_replaced(sandbox: Sandbox) -> None:
    with Sandbox(sandbox.limits, preload=()) as fresh:
        assert fresh.run(jobs.echo, 1) == 1
        [server] = fresh._servers.values()
        server._process.kill()
        server._process.wait()
        assert fresh.run(jobs.echo, 2) == 2


def test_after_a_fork_each_process_has_its_own_server(sandbox: Sandbox) -> None:
    sandbox.run(jobs.echo, 1)
    child = os.fork()
    if child == 0:
        ours = {*sandbox._servers.values()}
        answered = sandbox.run(jobs.echo, 2) == 2
        os._exit(0 if answered and not ours & {*sandbox._servers.values()} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sandbox.run(jobs.echo, 3) == 3


def test_a_job_dies_when_its_server_and_parent_are_gone(tmp_path: Path) -> None:
    """Our own death by kill -9 in the middle of a job leaves nothing behind."""
    mark = tmp_path / f"marked-{os.getpid()}"
    script = (
        "import threading, time\n"
        "from verifier.media.sandbox import Sandbox\n"
        "from tests.verifier.media import jobs\n"
        "sandbox = Sandbox(preload=())\n"
        "sandbox.run(jobs.echo, 1)\n"
        "threading.Thread(target=sandbox.run, args=(jobs.sleep,), daemon=True).start()\n"
        "time.sleep(0.5); print('ready', flush=True); time.sleep(1000)\n"
    )
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{mark}"}
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root, env=environment
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    assert environments_mentioning(str(mark)) >= 4, "the parent, server, keeper and job"
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone = threading.Event()
    for _ in range(100):
        if environments_mentioning(str(mark)) == 0:
            break
        gone.wait(0.1)
    assert environments_mentioning(str(mark)) == 0


def environments_mentioning(mark: str) -> int:
    """How many living processes carry `mark` in their environment."""
    found = 0
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                found += mark.encode() in (entry / "environ").read_bytes()
    return found
