"""Lists are taken in, named, replaced and removed, and the answer of any day can be had again."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from api.home import open_home
from api.public_transport import PublicTransport
from api.revocations import Gatherer
from api.services import Asked, Services
from api.transports import Unreachable
from tests.verifier.pki import NOW, STAMPS, Authority, authority, base, days, resign
from verifier.media.sandbox import Sandbox

from .command import code_of, flip, main, verify

SOURCE = "https://example.com/list.pem"


def date(number: float) -> str:
    return f"{days(number):%Y-%m-%d}"


def take_in(
    home: Path, root: Authority, *more: str, name: str = "Ours", since: float = -300
) -> None:
    path = home.parent / "list.pem"
    path.write_text(root.pem)
    kind = () if "--kind" in more else ("--kind", "claim-signers")
    said = main(
        *(home, "trust", "add", path, "--name", name, "--source", SOURCE, "--date", date(since)),
        *(*kind, *more),
    )
    assert said.code == 0, said.err


@pytest.fixture
def signers() -> Authority:
    return authority("Signers")


@pytest.fixture
def bare(photograph: Path, folder: Path) -> Path:
    return base(photograph, folder / "base.jpg")


def test_a_list_is_added_named_shown_replaced_and_removed(home: Path, signers: Authority) -> None:
    take_in(home, signers)
    newer = authority("Newer")
    take_in(home, newer, since=-100)
    listed = {each["name"]: each for each in main(home, "trust", "list", "--json").objects}
    assert set(listed) == {"Ours", "development"}
    assert listed["Ours"]["kind"] == "claim-signers"
    assert listed["Ours"]["source"] == SOURCE
    assert listed["Ours"]["date"] == date(-100)
    [then] = main(home, "trust", "list", "--json", "--as-of", date(-200)).objects
    assert then["digest"] != listed["Ours"]["digest"]
    shown = main(home, "trust", "show", "Ours").out
    assert date(-300) in shown
    assert "CN=Newer" in shown
    assert main(home, "trust", "remove", "Ours").code == 0
    assert "Ours" not in main(home, "trust", "list").out
    assert "removed" in main(home, "trust", "show", "Ours").out
    assert len(main(home, "trust", "list", "--json", "--as-of", date(-200)).objects) == 1


def test_what_is_no_list_is_refused_with_what_to_do(
    home: Path, signers: Authority, folder: Path
) -> None:
    junk = folder / "junk.pem"
    junk.write_text("junk")
    said = ("--name", "a", "--kind", "claim-signers", "--source", "s")
    for arguments in (
        (junk, *said, "--date", "2026-01-01"),
        (folder / "missing", *said, "--date", "2026-01-01"),
        (junk, *said, "--date", "2999-01-01"),
        (junk, *said, "--date", "yesterday"),
    ):
        ran = main(home, "trust", "add", *arguments)
        assert ran.code in (2, 4)
        assert ran.complaint
    take_in(home, signers)
    (home / "trust/byhand.pem").write_text(signers.pem)
    for action, name in (("remove", "nobody"), ("show", "nobody"), ("remove", "byhand")):
        assert main(home, "trust", action, name).complaint


def test_a_list_put_there_by_hand_is_one_of_claim_signers(
    home: Path, signers: Authority, bare: Path, folder: Path
) -> None:
    signed = resign(bare, folder / "s.jpg", signers.issue("A camera"))
    assert code_of(verify(home, signed)[0]) == "untrusted"
    (home / "trust/byhand.pem").write_text(signers.pem)
    [report] = verify(home, signed)
    assert code_of(report) == "unchanged"
    assert report["chain"][0]["list"] == "byhand"
    assert "put there by hand" in main(home, "trust", "list").out


def test_a_list_that_was_changed_after_it_was_added_is_said(home: Path, signers: Authority) -> None:
    take_in(home, signers)
    for path in (home / "trust/versions").iterdir():
        flip(path)
    assert "is not the trust list that was added" in main(home, "trust", "list").complaint


def test_as_of_uses_the_list_of_that_day_and_says_why_now_differs(
    home: Path, signers: Authority, bare: Path, folder: Path
) -> None:
    signed = resign(bare, folder / "s.jpg", signers.issue("A camera"))
    take_in(home, signers)
    take_in(home, authority("Another"), since=-100)
    ran = main(home, "verify", "--json", "--as-of", date(-200), signed)
    [report] = ran.objects
    assert (ran.code, code_of(report)) == (0, "unchanged")
    assert report["as_of"]["now"]["code"] == "untrusted"
    assert "has changed since" in report["as_of"]["because"][0]
    assert code_of(verify(home, signed)[0]) == "untrusted"
    said = main(home, "verify", "--as-of", date(-200), signed).out
    assert "As things stood at" in said
    assert "Now: UNTRUSTED" in said
    assert "Why they differ: Your list “Ours” has changed since" in said
    assert main(home, "verify", "--as-of", "2999-01-01", signed).code == 2


def test_an_authority_for_time_stamps_is_one_for_nothing_else(
    home: Path, signers: Authority, bare: Path, folder: Path
) -> None:
    stampers = authority("Stampers")
    stamper = stampers.issue("A stamper", STAMPS)
    old = signers.issue("A camera", valid=(-400, -100))
    signed = resign(bare, folder / "s.jpg", old, stamps=[(stamper, days(-200))])
    take_in(home, signers)
    take_in(home, stampers, name="Wrong kind")
    assert code_of(verify(home, signed)[0]) == "untrusted"
    take_in(home, stampers, "--kind", "time-stamps", name="Right kind")
    [report] = verify(home, signed)
    assert code_of(report) == "unchanged"
    assert any("your list “Right kind”" in each["sentence"] for each in report["findings"])


def test_a_revocation_that_was_supplied_once_is_kept_and_repeated(
    home: Path, signers: Authority, bare: Path, folder: Path
) -> None:
    take_in(home, signers)
    signer = signers.issue("A camera")
    signed = resign(bare, folder / "s.jpg", signer)
    answer, noise = folder / "answer.der", folder / "noise.der"
    answer.write_bytes(signers.answer(signer.certificate, revoked=days(-50)))
    noise.write_bytes(signers.answer(signers.issue("Another").certificate, revoked=days(-50)))
    assert code_of(verify(home, signed)[0]) == "unchanged"
    ran = main(home, "verify", "--json", signed, "--revocation", answer, noise)
    assert (ran.code, code_of(ran.objects[0])) == (1, "untrusted")
    assert [path.read_bytes() for path in (home / "revocation").iterdir()] == [answer.read_bytes()]
    assert code_of(verify(home, signed)[0]) == "untrusted"
    [then] = main(home, "verify", "--json", "--as-of", date(-100), signed).objects
    assert code_of(then) == "unchanged"
    assert then["as_of"]["because"][0].startswith("It was revoked since.")
    assert main(home, "verify", signed, "--revocation", folder / "missing").code == 2


def test_a_record_does_not_make_up_for_a_revoked_signer(
    home: Path, signers: Authority, bare: Path, folder: Path
) -> None:
    take_in(home, signers)
    signer = signers.issue("A camera")
    signed = resign(bare, folder / "s.jpg", signer)
    assert main(home, "record", signed).code == 0
    assert code_of(verify(home, signed)[0]) == "unchanged"
    answer = folder / "answer.der"
    answer.write_bytes(signers.answer(signer.certificate, revoked=days(-50)))
    ran = main(home, "verify", "--json", signed, "--revocation", answer)
    assert (ran.code, code_of(ran.objects[0])) == (1, "untrusted")
    assert "its bytes are those of entry 0" in ran.objects[0]["conclusion"]["sentence"].lower()


class Responder:
    """An OCSP responder on this machine, which counts who asks."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answer = b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.answer)))
                self.end_headers()
                self.wfile.write(outer.answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/"


@pytest.fixture
def responder() -> Iterator[Responder]:
    made = Responder()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def test_online_asks_the_responder_in_the_certificate_and_keeps_the_answer(
    home: Path, sandbox: Sandbox, signers: Authority, bare: Path, folder: Path, responder: Responder
) -> None:
    take_in(home, signers)
    signer = signers.issue("A camera", addresses=[responder.url])
    signed = resign(bare, folder / "s.jpg", signer)
    responder.answer = signers.answer(signer.certificate, revoked=days(-50))
    services = Services(open_home(home), sandbox)
    services.network = PublicTransport(allows_private=True)
    assert services.verify(signed).conclusion.code == "unchanged"
    assert responder.asked == []  # off unless it is allowed
    assert services.verify(signed, Asked(online=True)).conclusion.code == "untrusted"
    assert len(responder.asked) == 1
    responder.server.server_close()
    assert services.verify(signed).conclusion.code == "untrusted"


def test_no_address_inside_the_network_is_ever_asked(
    home: Path, sandbox: Sandbox, signers: Authority, bare: Path, folder: Path, responder: Responder
) -> None:
    take_in(home, signers)
    port = responder.server.server_port
    addresses = [responder.url, f"http://127.0.0.1:{port}/", f"http://[::1]:{port}/", "file:///x"]
    signed = resign(bare, folder / "s.jpg", signers.issue("A camera", addresses=addresses))
    with Services(open_home(home), sandbox) as services:
        report = services.verify(signed, Asked(online=True))
    assert responder.asked == []
    [said] = [each.sentence for each in report.findings if each.step == "revocation"]
    assert "was not checked" in said
    transport = PublicTransport()
    for url in (
        *("http://127.0.0.1/", "http://10.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://0/"),
        *("http://169.254.169.254/latest", "ftp://example.com/", "http://a@127.0.0.1/", "x"),
    ):
        with pytest.raises(Unreachable):
            transport.get(url)
    transport.close()


def test_an_unreachable_responder_is_said_and_decides_nothing(
    home: Path, sandbox: Sandbox, signers: Authority, bare: Path, folder: Path
) -> None:
    take_in(home, signers)
    signer = signers.issue("A camera", addresses=["http://127.0.0.1:9/"])
    signed = resign(bare, folder / "s.jpg", signer)
    with Services(open_home(home), sandbox) as services:
        services.network = PublicTransport(allows_private=True)
        report = services.verify(signed, Asked(online=True))
    assert report.conclusion.code == "unchanged"
    [said] = [each.sentence for each in report.findings if each.step == "revocation"]
    assert "cannot be reached" in said


def test_a_stranger_cannot_fill_the_folder_of_answers(home: Path, signers: Authority) -> None:
    signer = signers.issue("A camera")
    folder = open_home(home).revocations()
    supplied = [
        b"junk",
        authority("Signers").answer(signer.certificate),
        signers.answer(signers.issue("Another").certificate),
    ]
    Gatherer(folder, supplied, None)(signer.certificate, signers.certificate)
    assert folder.held() == []
    good = signers.answer(signer.certificate)
    Gatherer(folder, [good, good], None)(signer.certificate, signers.certificate)
    assert folder.held() == [good]
    assert datetime.now(UTC) - NOW < timedelta(days=1)
