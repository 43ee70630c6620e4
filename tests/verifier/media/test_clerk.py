"""What is put to a process that reads file after file, and what a file could do to the next one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from ledger.errors import FirsthandError
from verifier import second
from verifier.errors import DecoderFailed, LimitReached, Unreadable
from verifier.media.confine import report_isolation
from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox

from . import jobs

NEEDLE = b"what the file before this one said"


def test_a_clerk_does_task_after_task_confined_as_every_job_is(sandbox: Sandbox) -> None:
    with Sandbox(sandbox.limits, preload=()) as fresh:
        seen = {fresh.ask(jobs.process_and_keeper)[0] for _ in range(5)}
        assert len(seen) == 1
        assert fresh.ask(report_isolation) == fresh.run(report_isolation)
        assert fresh.ask(jobs.descriptors) == fresh.run(jobs.descriptors)
        assert fresh.run(jobs.process_and_keeper)[0] not in seen


def test_what_one_module_does_never_shares_a_process_with_another(sandbox: Sandbox) -> None:
    with Sandbox(sandbox.limits, preload=()) as fresh:
        fresh.ask(jobs.leave_traces, NEEDLE)
        assert "left" in fresh.ask(jobs.traces_of, "00")
        assert fresh.ask(os.getenv, "LEFT") is None


def test_another_takes_over_after_so_many_tasks(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.media.clerk._TASKS", 3)
    with Sandbox(sandbox.limits, preload=()) as fresh:
        assert [fresh.ask(jobs.count_tasks) for _ in range(7)] == [1, 2, 3, 1, 2, 3, 1]


def test_with_a_process_per_file_none_does_two(sandbox: Sandbox) -> None:
    with Sandbox(sandbox.limits, preload=(), process_per_file=True) as fresh:
        assert [fresh.ask(jobs.count_tasks) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("task", "arguments", "error"),
    [(jobs.crash, (), DecoderFailed), (jobs.raise_error, ("Unreadable",), Unreadable)],
)
def test_it_ends_with_the_first_task_that_raises_and_another_does_the_next(
    sandbox: Sandbox,
    task: Callable[..., object],
    arguments: tuple[str, ...],
    error: type[FirsthandError],
) -> None:
    with Sandbox(sandbox.limits, preload=()) as fresh:
        assert fresh.ask(jobs.echo, 1) == 1
        [server] = fresh._servers.values()
        [first] = server.clerks[jobs.__name__]
        with pytest.raises(error):
            fresh.ask(task, *arguments)
        assert fresh.ask(jobs.echo, "next") == "next"
        assert first not in server.clerks[jobs.__name__]


@pytest.mark.parametrize(
    ("task", "said"),
    [(jobs.sleep, "seconds"), (jobs.drip, "seconds"), (jobs.claim_a_long_answer, "bytes")],
)
def test_one_that_hangs_or_answers_too_much_is_stopped(
    task: Callable[..., object], said: str
) -> None:
    with Sandbox(Limits(wall=1.0, answer=1 << 20), preload=()) as fresh:
        with pytest.raises(LimitReached, match=said):
            fresh.ask(task)
        assert fresh.ask(jobs.echo, 1) == 1


def test_what_one_said_unasked_is_no_answer_to_the_next_task(sandbox: Sandbox) -> None:
    with Sandbox(sandbox.limits, preload=()) as fresh:
        for pause in (0, 0.5):
            assert fresh.ask(jobs.answer_before_the_next, "forged") == "its own"
            time.sleep(pause)
            assert fresh.ask(jobs.echo_late, "true") == "true"


def test_no_decoder_and_no_engine_is_loaded_where_file_after_file_is_read() -> None:
    """Whoever takes the engine over has one process, of one file."""
    loaded = "import verifier.second, sys; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    told = subprocess.run(  # our own interpreter
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert not {"c2pa", "PIL", "ffmpeg", "onnxruntime", "cv2", "scipy"} & {*told.stdout.split()}
    assert second.__name__ in sys.modules


def test_a_job_finds_nothing_of_the_file_before_it(sandbox: Sandbox) -> None:
    """Not in its memory, its modules, its environment, nor in what it has open."""
    with Sandbox(sandbox.limits, preload=()) as fresh:
        clean = fresh.run(jobs.traces_of, NEEDLE[::-1].hex())
        fresh.run(jobs.leave_traces, NEEDLE)
        assert fresh.run(jobs.traces_of, NEEDLE[::-1].hex()) == clean == []
