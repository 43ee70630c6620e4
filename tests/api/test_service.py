"""The HTTP service, over loopback, as a client, a log reader and an attacker meet it."""

import asyncio
import base64
import contextlib
import shutil
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.services import Services
from api.settings import Settings
from ledger.checkpoint import open_checkpoint
from ledger.entry import Registration, parse_entry
from ledger.errors import ProofError
from ledger.merkle import leaf_hash
from ledger.note import parse_verifier_key
from ledger.proof import parse_log_proof, verify_log_proof
from ledger.reader import LogReader
from ledger.receipt import verify_inclusion_receipt
from tests import media

from .command import flip, main
from .conftest import ORIGIN
from .server import LIMIT, Server, serving

TITLE = "The secret title of a private record"
HEADERS = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    media.photograph(folder)
    (folder / "note.txt").write_text("A caption, by hand.\n")
    return folder


@pytest.fixture(scope="module")
def server(empty_home: Path, files: Path) -> Iterator[Server]:
    home = Path(shutil.copytree(empty_home, files.parent / "service" / "home"))
    said = ("--title", TITLE, "--captured", "2019-03-02T12:00:00Z", "--place", "52.52,13.405")
    assert main(home, "sign", *said, files / "photograph.jpg").code == 0
    with serving(home, home.parent / "uploads") as server:
        yield server
        assert list(server.uploads.glob("firsthand-*")) == []


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client
    assert list(server.uploads.glob("firsthand-*")) == []


def problem(answer: httpx.Response, code: int) -> dict[str, Any]:
    """Return the problem document that an answer must be."""
    assert (answer.status_code, answer.headers["content-type"]) == (code, PROBLEM)
    document: dict[str, Any] = answer.json()
    assert set(document) <= {"title", "status", "detail", "remedy"}
    assert document["status"] == code
    for secret in ("Traceback", tempfile.gettempdir(), str(Path.home()), TITLE):
        assert secret not in answer.text
    return document


def _verify(client: httpx.Client, path: Path, **query: str) -> dict[str, Any]:
    answer = client.post("/v1/verifications", content=path.read_bytes(), params=query)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def test_it_is_healthy(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"origin": ORIGIN, "tree_size": 1}


def test_a_signed_file_is_verified_and_its_private_title_kept(
    client: httpx.Client, files: Path
) -> None:
    report = _verify(client, files / "photograph.signed.jpg", name="a.jpg")
    assert report["file"] == "a.jpg"
    assert report["conclusion"]["code"] == "unchanged"
    assert report["matches"][0]["title"] is None
    assert "photograph" not in str(report)


CLAIMS = ({"claimed_time": "2022-05"}, {"claimed_place": "48.86,2.35"}, {"claimed_time": "2099"})


def test_no_claim_draws_a_private_time_or_place_out_of_the_service(
    client: httpx.Client, files: Path
) -> None:
    """What was entered when is public: only that is held against a claim."""
    said = []
    for claim in CLAIMS:
        report = _verify(client, files / "photograph.signed.jpg", **claim)
        assert "2019-03-02" not in str(report)
        assert " km" not in str(report)
        [finding] = [each for each in report["findings"] if each["step"] == "context"]
        said.append(finding["outcome"])
    assert said == ["not_checked", "not_checked", "failed"]


def test_a_service_that_is_told_to_tells_what_contradicts_a_claim(
    server: Server, files: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(server.home, tmp_path / "home"))
    with (
        serving(home, tmp_path / "uploads", "--tell-private") as open_server,
        httpx.Client(base_url=open_server.url, timeout=60) as client,
    ):
        signed = files / "photograph.signed.jpg"
        reports = [_verify(client, signed, **claim) for claim in CLAIMS]
    sentences = [each["conclusion"]["sentence"] for each in reports]
    assert "Recorded on 2019-03-02, three years before the claimed 2022-05" in sentences[0]
    assert "Recorded 877 km from the claimed place." in sentences[1]
    assert reports[0]["matches"][0]["title"] == TITLE


@pytest.mark.parametrize("claim", [{"claimed_time": "today"}, {"claimed_place": "91,0"}])
def test_a_claim_that_does_not_read_is_a_problem(
    client: httpx.Client, files: Path, claim: dict[str, str]
) -> None:
    body = (files / "note.txt").read_bytes()
    answer = client.post("/v1/verifications", content=body, params=claim)
    assert "give " in problem(answer, 422)["remedy"]


def test_a_flipped_byte_is_found(client: httpx.Client, files: Path, tmp_path: Path) -> None:
    altered = flip(Path(shutil.copy(files / "photograph.signed.jpg", tmp_path)))
    assert _verify(client, altered)["conclusion"]["code"] == "altered"


def test_an_upload_is_streamed_in_chunks_of_any_size(client: httpx.Client, files: Path) -> None:
    data = (files / "photograph.signed.jpg").read_bytes()
    chunks = (data[at : at + 997] for at in range(0, len(data), 997))
    answer = client.post("/v1/verifications", content=chunks)
    assert answer.json()["conclusion"]["code"] == "unchanged"


def test_a_promise_of_too_much_is_refused_before_a_byte_of_it(server: Server) -> None:
    head = f"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT + 1}\r\n\r\n"
    assert _raw(server, head.encode()).startswith(b"HTTP/1.1 413 ")


def test_too_much_in_chunks_without_a_promise_is_refused(server: Server) -> None:
    """Sent by hand: a client library would break off when the answer comes early."""
    head = b"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (1 << 20, bytes(1 << 20))
    answer = _raw(server, head + chunk * (LIMIT // (1 << 20) + 1) + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer


def test_just_the_limit_is_taken(client: httpx.Client) -> None:
    answer = client.post("/v1/verifications", content=b"\x00\x01" * (LIMIT // 2))
    assert answer.json()["conclusion"]["code"] == "unknown"
    problem(client.post("/v1/verifications", content=b"\x00\x01" * (LIMIT // 2) + b"\x00"), 413)


def _raw(server: Server, request: bytes) -> bytes:
    with socket.create_connection(server.address, timeout=30) as stream:
        with contextlib.suppress(OSError):  # it has heard enough; what it said is still there
            stream.sendall(request)
        try:
            return stream.recv(65536)
        except ConnectionResetError:
            return b""


def test_no_body_is_no_file(client: httpx.Client) -> None:
    assert "empty" in problem(client.post("/v1/verifications?name=a.jpg"), 422)["detail"]


def test_only_the_holder_of_the_token_registers(client: httpx.Client, server: Server) -> None:
    wrong = [
        *({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer wrong"}),
        *({"Authorization": server.token["Authorization"][:-1]}, {"Authorization": "Basic eDp4"}),
        {"Authorization": "Bearer \xe9"},
    ]
    for headers in wrong:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = client.post("/v1/registrations?name=a.txt", content=b"x", headers=raw)
        problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").json()["tree_size"] == 1


def test_a_registration_is_in_the_log_and_proved(
    client: httpx.Client, server: Server, files: Path
) -> None:
    data = (files / "note.txt").read_bytes()
    query = {"name": "../../etc/no\x07te.txt", "title": TITLE}
    key = parse_verifier_key((server.home / "log.vkey").read_text().strip())
    first, again = (
        client.post("/v1/registrations", content=data, params=query, headers=server.token)
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    index = first.json()["index"]
    assert (again.json()["index"], again.json()["again"]) == (index, True)
    proof = parse_log_proof(first.json()["proof"].encode())
    verify_log_proof(proof, leaf_hash(proof.extra or b""), key, ORIGIN)

    found = client.get("/v1/entries", params={"sha256": first.json()["sha256"]}).json()
    assert found == [{"index": index, "role": "subject"}]
    answer = client.get(f"/v1/entries/{index}")
    entry = base64.b64decode(answer.json()["entry"])
    assert entry == proof.extra
    assert isinstance(parse_entry(entry).statement, Registration)
    assert answer.json()["says"]["subject"] == f"sha256:{first.json()['sha256']}"
    proved = client.get(f"/v1/proofs/{index}").content
    verify_log_proof(parse_log_proof(proved), leaf_hash(entry), key, ORIGIN)
    for text in (first.text, again.text, answer.text, _verify(client, files / "note.txt")):
        assert TITLE not in str(text)


def _record(client: httpx.Client, server: Server, body: bytes) -> int:
    answer = client.post("/v1/registrations?name=a.txt", content=body, headers=server.token)
    return int(answer.json()["index"])


def test_a_receipt_proves_to_a_stranger_what_the_command_line_proves(
    client: httpx.Client, server: Server
) -> None:
    index = _record(client, server, b"to be receipted")
    answer = client.get(f"/v1/receipts/{index}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/cose")
    key = parse_verifier_key((server.home / "log.vkey").read_text().strip())
    entry = base64.b64decode(client.get(f"/v1/entries/{index}").json()["entry"])
    checkpoint = verify_inclusion_receipt(answer.content, leaf_hash(entry), key)
    assert checkpoint == open_checkpoint(client.get("/checkpoint").content, key, ORIGIN)
    with pytest.raises(ProofError):
        verify_inclusion_receipt(answer.content, leaf_hash(entry + b"x"), key)
    beside = server.home.parent / "beside.cose"
    assert main(server.home, "log", "prove", str(index), "--cose", "-o", beside).code == 0
    assert beside.read_bytes() == answer.content


@pytest.mark.parametrize("kind", ["receipts", "proofs"])
def test_a_proof_is_sent_again_when_the_log_has_grown_and_not_before(
    client: httpx.Client, server: Server, kind: str
) -> None:
    first = client.get(f"/v1/{kind}/0")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = client.get(f"/v1/{kind}/0", headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert same.headers["cache-control"] == "no-cache"
    for other in ('"other"', tag[:-1], tag.strip('"'), f"{tag}x", ""):
        answer = client.get(f"/v1/{kind}/0", headers={"If-None-Match": other})
        assert (answer.status_code, answer.content) == (200, first.content)
    _record(client, server, f"what makes the log grow past {kind}".encode())
    grown = client.get(f"/v1/{kind}/0", headers={"If-None-Match": tag})
    assert grown.status_code == 200
    assert grown.headers["etag"] != tag
    assert grown.content != first.content
    problem(client.get(f"/v1/{kind}/99", headers={"If-None-Match": "*"}), 404)


def test_the_same_file_registered_many_times_at_once_has_one_index(
    client: httpx.Client, server: Server
) -> None:
    before = client.get("/healthz").json()["tree_size"]

    def register(number: int) -> dict[str, Any]:
        answer = client.post(
            f"/v1/registrations?name={number}.txt", content=b"at once", headers=server.token
        )
        assert answer.status_code == 201
        found: dict[str, Any] = answer.json()
        return found

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(register, range(8)))
    assert {answer["index"] for answer in answers} == {before}
    assert [answer["again"] for answer in answers].count(False) == 1
    assert client.get("/healthz").json()["tree_size"] == before + 1


def test_many_files_at_once_are_each_judged_by_themselves(
    client: httpx.Client, files: Path, tmp_path: Path
) -> None:
    good = files / "photograph.signed.jpg"
    altered = flip(Path(shutil.copy(good, tmp_path)))
    asked = [good, altered, files / "photograph.jpg"] * 3
    with ThreadPoolExecutor(9) as pool:
        codes = pool.map(lambda path: _verify(client, path)["conclusion"]["code"], asked)
    assert list(codes) == ["unchanged", "altered", "unchanged"] * 3


def test_what_cannot_be_registered_is_said(client: httpx.Client, server: Server) -> None:
    for name, body in (("a.jpg", b"no photograph"), ("a.jpg", b"\xff\xd8\xff\xe0"), ("..", b"x")):
        answer = client.post(
            "/v1/registrations", content=body, params={"name": name}, headers=server.token
        )
        problem(answer, 422)
    problem(client.post("/v1/registrations", content=b"x", headers=server.token), 422)
    long = {"name": "a.txt", "title": "t" * 1001}
    answer = client.post("/v1/registrations", content=b"x", params=long, headers=server.token)
    problem(answer, 422)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("a\nb\x1b[31m\u202e.jpg", "a\ufffdb\ufffd[31m\ufffd.jpg"),
        ("100%25 %2e%2e", "100%25 %2e%2e"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ],
)
def test_a_hostile_name_is_only_a_name(client: httpx.Client, name: str, shown: str) -> None:
    answer = client.post("/v1/verifications", content=b"text", params={"name": name})
    assert answer.json()["file"] == shown
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/v1/entries/99", "/v1/proofs/99", "/v1/entries/99999999999999999999999"),
        *("/v1/receipts/99", "/v1/receipts/99999999999999999999999", "/v1/receipts"),
        *("/tile/9/000", "/tile/entries/000", "/tile/0/000.p/200", "/page.html", "/docs"),
    ],
)
def test_what_is_not_there_is_a_problem_document(client: httpx.Client, path: str) -> None:
    problem(client.get(path), 404)


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/entries/-1", "/v1/entries/x", "/v1/entries?sha256=abc"),
        *("/v1/receipts/-1", "/v1/receipts/x", "/v1/proofs/0.0", "/v1/receipts/00"),
        *("/v1/entries/+0", "/v1/entries/%200", "/v1/receipts/0%0a", "/v1/entries/٠"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_document(client: httpx.Client, path: str) -> None:
    assert problem(client.get(path), 422)["detail"]


def test_another_method_is_a_problem_document(client: httpx.Client) -> None:
    problem(client.delete("/v1/entries/0"), 405)
    problem(client.get("/v1/verifications"), 405)


@pytest.mark.parametrize(
    "path",
    [
        *("../checkpoint", "../../private.sqlite", "../../keys/log.key", "%2e%2e/checkpoint"),
        *("..%2f..%2fkeys%2flog.key", "0/000.p/1/../../../../firsthand.json", "/etc/passwd"),
        *("0/000%00", "0//000", "entries/000.p/1%2f..", "0/x001/000/../000", "..;/checkpoint"),
    ],
)
def test_no_path_leads_out_of_the_tiles(server: Server, path: str) -> None:
    """By hand, as a client library would tidy the path up."""
    answer = _raw(server, f"GET /tile/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert PROBLEM.encode() in answer


class _HttpTiles:
    """The tiles of a log, read over HTTP."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def read(self, path: str) -> bytes | None:
        answer = self._client.get(f"/{path}")
        return answer.content if answer.status_code == 200 else None


def test_a_stranger_with_the_log_key_reads_the_whole_log_over_http(
    client: httpx.Client, server: Server
) -> None:
    key = parse_verifier_key((server.home / "log.vkey").read_text().strip())
    reader = LogReader(_HttpTiles(client), key)
    entries = list(reader.entries(0, reader.size))
    assert len(entries) == reader.size >= 1
    for index, entry in enumerate(entries):
        checkpoint = verify_log_proof(reader.prove(index), leaf_hash(entry), key, ORIGIN)
        assert checkpoint.size == reader.size


def test_the_public_tree_is_served_byte_for_byte(client: httpx.Client, server: Server) -> None:
    log = server.home / "log"
    paths = [path for path in log.rglob("*") if path.is_file() and ".tmp" not in path.parts]
    assert len(paths) >= 3
    for path in paths:
        answer = client.get(f"/{path.relative_to(log)}")
        assert answer.content == path.read_bytes()
        is_checkpoint = path.name == "checkpoint"
        assert ("immutable" in answer.headers["cache-control"]) is not is_checkpoint


@pytest.mark.parametrize("path", ["/", "/page.js", "/page.css", "/healthz", "/checkpoint", "/no"])
def test_every_answer_carries_the_headers_that_protect(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name].startswith(value)
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_the_openapi_document_describes_every_route(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert set(operations) >= {
        *(("get", "/healthz"), ("post", "/v1/verifications"), ("post", "/v1/registrations")),
        *(("get", "/v1/entries"), ("get", "/v1/entries/{index}"), ("get", "/v1/proofs/{index}")),
        *(("get", "/checkpoint"), ("get", "/tile/{coordinates}"), ("get", "/v1/receipts/{index}")),
    }
    for path, media_type in (
        ("/v1/receipts/{index}", "application/cose"),
        ("/v1/proofs/{index}", "text/plain; charset=utf-8"),
        ("/checkpoint", "text/plain; charset=utf-8"),
        ("/tile/{coordinates}", "application/octet-stream"),
    ):
        answers = operations["get", path]["responses"]
        assert list(answers["200"]["content"]) == [media_type]
        assert ("304" in answers) is path.startswith("/v1")
    identifiers = [operation["operationId"] for operation in operations.values()]
    assert len(set(identifiers)) == len(identifiers)
    for (method, path), operation in operations.items():
        assert PROBLEM in operation["responses"]["default"]["content"]
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert ("requestBody" in operation) is (method == "post")
    for reference in _references(document):
        at: Any = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _references(each)


def test_a_client_that_goes_away_costs_the_others_nothing(
    client: httpx.Client, server: Server, files: Path
) -> None:
    for sent in (b"", b"x" * 1000):
        head = b"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
        with socket.create_connection(server.address) as stream:
            stream.sendall(head + sent)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with socket.create_connection(server.address) as stream:
        stream.sendall(b"GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert _verify(client, files / "photograph.signed.jpg")["conclusion"]["code"] == "unchanged"


@pytest.mark.parametrize("failure", [RuntimeError, OSError, MemoryError])
def test_what_nobody_foresaw_is_a_problem_document_that_says_nothing(
    services: Services,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: type[Exception],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure(f"Traceback {TITLE} {tempfile.gettempdir()}")

    monkeypatch.setattr(Services, "verify", fail)
    app = create_app(services, Settings(home))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post("/v1/verifications", content=b"x")

    answer = asyncio.run(ask())
    problem(answer, 500)
    for name, value in HEADERS.items():
        assert answer.headers[name].startswith(value)


def test_a_port_that_is_taken_is_said(home: Path, server: Server) -> None:
    ran = main(home, "serve", "--port", str(server.address[1]))
    assert ran.code == 2
    assert "--port" in ran.complaint
    assert main(home, "serve", "--port", "65536").code == 2
