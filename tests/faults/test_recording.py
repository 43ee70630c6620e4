"""What strace writes of a thread that its process's end kills."""

from .recording import Step, parse

_NAME = b"a"


def test_a_call_that_was_never_made_is_no_step() -> None:
    assert list(parse(iter(["7 ???( <detached ...>\n", "7 close(3 <detached ...>\n"]))) == []


def test_a_thread_killed_in_its_call_may_have_done_it() -> None:
    killed = ['7 unlink("\\x61" <unfinished ...>\n', "7 <... unlink resumed>) = ?\n"]
    assert list(parse(iter(killed))) == [Step("unlink", (_NAME,), "7", None)]


def test_other_threads_go_on() -> None:
    lines = [
        '7 unlink("\\x61" <unfinished ...>\n',
        "8 ???( <detached ...>\n",
        "7 <... unlink resumed>) = 0\n",
        "7 +++ exited with 0 +++\n",
    ]
    assert list(parse(iter(lines))) == [
        Step("unlink", (_NAME,), "7", None),
        Step("unlink", (_NAME,), "7", 0),
    ]
