"""The page, in a real browser: a file is dropped, and findings are read in sentences."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image

from tests import media
from tests.verifier.opinion import mint
from tests.verifier.opinion.generations import generations
from verifier.compare.result import (
    Comparison,
    Geometry,
    Heat,
    Region,
    RegionKind,
    Segment,
    SegmentKind,
)

from .browser import CHROMIUM, Page, browsing
from .command import flip, main
from .server import LIMIT, Server, serving
from .test_bad_input import HOSTILE_TITLE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on this machine")

HOSTILE_NAME = "<img src=x onerror=alert(1)><script>alert(2)</script>.jpg".replace("/", "\u2215")
HOSTILE_SIGNER = "<b onclick=alert(4)>\N{RIGHT-TO-LEFT OVERRIDE}\x1b[2JA signer"
HOSTILE_NOTE = "<img src=x onerror=alert(3)><b>bold</b>"
CASES = {
    "signed.jpg": ("Unchanged", "The bytes that a known signer signed and that entry 0 records."),
    "flipped.jpg": ("Altered", "Not the bytes that were signed; it carries the manifest of entry"),
    "re-encoded.png": ("Derived", "Not the recorded bytes, but it looks like entry 0."),
    "unrelated.jpg": ("Unknown", "Nothing signed or recorded here matches"),
    "clip.mp4": ("Unknown", "Nothing signed or recorded here matches"),
    "note.txt": ("Unknown", "Nothing signed or recorded here matches"),
    HOSTILE_NAME: ("Unchanged", "The bytes that a known signer signed and that entry 1 records."),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Path:
    """Return the files that are dropped, beside a home that has recorded two of them."""
    folder = tmp_path_factory.mktemp("page") / "files"
    folder.mkdir()
    home = Path(shutil.copytree(empty_home, folder.parent / "home"))
    photograph = media.photograph(folder)
    assert main(home, "sign", photograph).code == 0
    signed = (folder / "photograph.signed.jpg").rename(folder / "signed.jpg")
    hostile = Path(shutil.copy(photograph, folder / "hostile.jpg"))
    assert main(home, "sign", hostile, "--title", HOSTILE_TITLE).code == 0
    (folder / "hostile.signed.jpg").rename(folder / HOSTILE_NAME)
    assert main(home, "log", "correct", "1", "--note", HOSTILE_NOTE).code == 0
    flip(Path(shutil.copy(signed, folder / "flipped.jpg")))
    media.convert(photograph, folder / "re-encoded.png")
    media.another_photograph(folder).rename(folder / "unrelated.jpg")
    media.clip(folder)
    stranger = mint.Authority("Strangers")
    key = mint.signer(stranger).key
    leaf = mint.issue(stranger, HOSTILE_SIGNER, key.public_key()).public_bytes(Encoding.DER)
    made = mint.Mint(mint.Signer(key, (leaf,)))
    (folder / "chained.jpg").write_bytes(generations(mint.picture(), [made, made]))
    (folder / "note.txt").write_text("A caption.\n")
    _splice(folder / "unrelated.jpg", folder / "spliced.jpg")
    (folder / "empty.jpg").touch()
    (folder / "large.bin").write_bytes(bytes(LIMIT + 1))
    return folder


def _splice(source: Path, destination: Path) -> None:
    """Compress a picture, lay an uncompressed part over it, and compress both finely."""
    data = io.BytesIO()
    with Image.open(source) as image:
        uncompressed = image.convert("RGB").resize((512, 384))
    uncompressed.save(data, "JPEG", quality=70)
    with Image.open(data) as image:
        made = image.convert("RGB")
    made.paste(uncompressed.crop((0, 0, 144, 144)), (200, 160))
    made.save(destination, quality=95)


@pytest.fixture(scope="module")
def server(files: Path) -> Iterator[Server]:
    with serving(files.parent / "home", files.parent / "uploads", detector="on") as server:
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser: Page, server: Server) -> Iterator[Page]:
    """Return the page, fresh; nothing that a test does may reach another host or run markup."""
    browser.requests.clear()
    browser.complaints.clear()
    browser.show_as(900, 800, "light")
    browser.call("Network.clearBrowserCache")
    browser.call("Page.navigate", url="about:blank")
    browser.open(f"{server.url}/")
    yield browser
    ours = (f"{server.url}/", f"blob:{server.url}/", "data:image/svg+xml;base64,", "about:blank")
    assert [url for url in browser.requests if not url.startswith(ours)] == []
    assert browser.complaints == []


def _read(page: Page, name: str) -> None:
    """Wait for the report on a file."""
    page.wait_for(
        "!document.getElementById('report').hidden && "
        f"document.getElementById('conclusion').textContent.startsWith({name + ': '!r})"
    )


def _text(page: Page, selector: str) -> str:
    return str(page.evaluate(f"document.querySelector({selector!r}).innerText"))


@pytest.mark.parametrize("name", CASES)
def test_a_chosen_file_is_judged_in_sentences(page: Page, files: Path, name: str) -> None:
    code, sentence = CASES[name]
    page.choose("#file", files / name)
    _read(page, name)
    assert _text(page, "#conclusion") == f"{name}: {code}"
    assert _text(page, "#sentence").startswith(sentence)
    assert page.evaluate("document.querySelectorAll('#integrity li').length") >= 2
    assert "It does not show" in _text(page, "#integrity")
    asked = {"Unknown": "the detector was asked"}.get(code, "the detector was not asked")
    assert asked in _text(page, "#content")
    kind = {"mp4": "video", "txt": None}.get(name.rsplit(".", 1)[-1], "img")
    shown = page.evaluate("document.querySelector('#preview > *')?.localName")
    assert shown == kind


def test_a_dropped_file_is_judged_too(page: Page, files: Path) -> None:
    page.drop(files / "flipped.jpg", 450, 200)
    _read(page, "flipped.jpg")
    assert _text(page, "#conclusion .code") == "Altered"
    assert not page.evaluate("document.getElementById('drop').classList.contains('over')")


def test_an_opinion_lies_on_its_scale_and_a_trace_is_shown_where_it_is(
    page: Page, files: Path
) -> None:
    page.choose("#file", files / "spliced.jpg")
    _read(page, "spliced.jpg")
    assert "The picture as a whole" in _text(page, "#detections")
    button = "document.querySelector('#detections [aria-pressed]')"
    for pressed in ("true", "false"):
        page.evaluate(f"{button}.click()")
        assert page.evaluate(f"{button}.getAttribute('aria-pressed')") == pressed
    page.evaluate(f"{button}.click()")
    marked = (
        "[...document.querySelector('#preview canvas').getContext('2d')"
        ".getImageData(0, 0, 4000, 4000).data].some((level) => level > 0)"
    )
    assert page.evaluate(marked)


def test_a_hostile_name_and_title_are_text_and_never_markup(page: Page, files: Path) -> None:
    page.choose("#file", files / HOSTILE_NAME)
    _read(page, HOSTILE_NAME)
    assert page.evaluate("document.querySelectorAll('script').length") == 4
    assert page.evaluate("document.querySelectorAll('img').length") == 1  # the preview
    assert page.evaluate("document.querySelector('[onerror], li b')") is None
    assert "alert(1)" in _text(page, "#conclusion")
    assert HOSTILE_NOTE in _text(page, "#origin")
    assert page.evaluate("document.title").startswith("Firsthand")


def test_what_the_signature_protects_is_drawn_and_told_in_words(page: Page, files: Path) -> None:
    page.choose("#file", files / "signed.jpg")
    _read(page, "signed.jpg")
    legend = _text(page, "#coverage-legend")
    assert "protected: hashed by the signer: " in legend
    assert "the manifest's boxes and padding: " in legend
    assert "not protected" not in legend
    drawn = page.evaluate(
        "[...document.querySelectorAll('#coverage-bar rect')].map((r) => +r.getAttribute('width'))"
    )
    assert len(drawn) > 3
    assert sum(drawn) == pytest.approx(720)
    page.evaluate("document.querySelector('#coverage details').open = true")
    assert ": claim (signed)." in _text(page, "#coverage-regions")
    page.choose("#file", files / "unrelated.jpg")
    _read(page, "unrelated.jpg")
    assert page.evaluate("document.getElementById('coverage').hidden")


def test_a_chain_is_told_link_by_link_with_what_would_settle_it(page: Page, files: Path) -> None:
    page.choose("#file", files / "chained.jpg")
    _read(page, "chained.jpg")
    links = _text(page, "#chain")
    assert links.count("its signer is on none of your lists") == 2
    assert "<b onclick=alert(4)>\N{REPLACEMENT CHARACTER}" in links
    assert page.evaluate("document.querySelectorAll('#report b').length") == 0
    assert _text(page, "#settles").startswith("To settle it, ask somebody who goes by the name")
    assert page.evaluate("document.querySelectorAll('#origin .settles').length") >= 2


def test_a_second_file_takes_the_place_of_the_first(page: Page, files: Path) -> None:
    page.evaluate(_WATCH)
    page.choose("#file", files / "clip.mp4")
    page.choose("#file", files / "signed.jpg")
    _read(page, "signed.jpg")
    page.choose("#file", files / "unrelated.jpg")
    _read(page, "unrelated.jpg")
    assert _text(page, "#conclusion .code") == "Unknown"
    assert [text.split(":")[0] for text in page.evaluate("shown")] == [
        "signed.jpg",
        "unrelated.jpg",
    ]
    assert page.evaluate("document.getElementById('matches').children.length") == 0
    assert page.evaluate("document.getElementById('error').hidden")


def test_what_cannot_be_judged_is_said_where_a_screen_reader_hears_it(
    page: Page, files: Path
) -> None:
    page.choose("#file", files / "empty.jpg")
    page.wait_for("!document.getElementById('error').hidden")
    assert _text(page, "#error") == "empty.jpg is empty; send the file itself as the body"
    assert page.evaluate("document.getElementById('error').getAttribute('role')") == "alert"
    assert page.evaluate("document.getElementById('report').hidden")
    page.complaints.clear()  # the browser notes the status of every answer but 200


def test_a_file_over_the_limit_is_refused_with_the_reason(page: Page, files: Path) -> None:
    page.choose("#file", files / "large.bin")
    page.wait_for("!document.getElementById('error').hidden")
    assert f"larger than {LIMIT} bytes" in _text(page, "#error")
    page.complaints.clear()


def test_all_of_it_is_reached_by_the_keyboard(page: Page, files: Path) -> None:
    page.press("Tab", 9)
    assert page.evaluate("document.activeElement.id") == "file"
    outline = "getComputedStyle(document.getElementById('drop')).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.choose("#file", files / "signed.jpg")
    _read(page, "signed.jpg")
    assert page.evaluate("document.activeElement.id") == "report"  # read on from here
    reached = []
    for _ in range(4):
        page.press("Tab", 9)
        reached.append(page.evaluate("document.activeElement.innerText"))
    assert reached == ["Region by region", "entry 0", "its log proof", "For the record"]
    page.press("Enter", 13)
    page.wait_for("document.querySelector('#report > details').open")
    page.press("Tab", 9)
    assert page.evaluate("document.activeElement.id") == "json"
    assert page.evaluate("document.activeElement.href").startswith("blob:")


def test_everything_has_a_name_for_who_cannot_see_it(page: Page, files: Path) -> None:
    page.choose("#file", files / "signed.jpg")
    _read(page, "signed.jpg")
    marks = "document.querySelectorAll('#integrity .mark, #origin .mark, #content .mark')"
    assert page.evaluate(f"[...{marks}].every((m) => m.getAttribute('aria-label'))")
    assert page.evaluate("document.querySelector('#preview img').alt")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.querySelector('label[for=file]') !== null")
    headings = "[...document.querySelectorAll('h1, h2, h3')].map((h) => h.localName).join(' ')"
    assert page.evaluate(headings) == "h1 h2 h3 h3 h3 h3"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 900])
def test_nothing_is_cut_off_and_all_of_it_is_legible(
    page: Page, files: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    page.show_as(width, 800, scheme)
    long = Path(shutil.copy(files / "flipped.jpg", tmp_path / f"{'long-name-' * 15}.jpg"))
    page.choose("#file", long)
    _read(page, long.name)
    page.evaluate("document.querySelectorAll('#report details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_CONTRAST) >= 4.5  # WCAG 2.2, 1.4.3 Contrast (Minimum)
    page.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


# Keeps every conclusion that is ever shown.
_WATCH = """
  window.shown = [];
  const title = document.getElementById("conclusion");
  new MutationObserver(() => shown.push(title.textContent)).observe(title, { childList: true });
"""

# The least contrast of any text with what lies behind it (WCAG 2.2, relative luminance).
_CONTRAST = """(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => rgb.slice(0, 3).map((value) => value / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility() && [...element.childNodes].some((node) =>
      node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  return Math.min(...texts.map((element) => {
    const pair = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  }));
})()"""


def test_a_claimed_time_is_held_against_the_record(page: Page, files: Path) -> None:
    """On a service that tells nothing private, the log itself may know better."""
    page.evaluate("document.getElementById('claims').open = true")
    assert page.evaluate("document.getElementById('again').disabled")
    page.choose("#file", files / "signed.jpg")
    _read(page, "signed.jpg")
    page.evaluate("document.getElementById('claimed-time').focus()")
    page.call("Input.insertText", text="2099")
    page.press("Enter", 13)
    page.wait_for("document.getElementById('sentence').innerText.includes('claimed 2099')")
    assert "not what is claimed. Entered in the log on" in _text(page, "#sentence")
    assert "an old picture shown as new" in _text(page, "#origin")
    assert _text(page, "#conclusion .code") == "Unchanged"
    page.evaluate("document.getElementById('claimed-time').value = 'long ago'")
    page.evaluate("document.getElementById('again').click()")
    page.wait_for("!document.getElementById('error').hidden")
    assert "'long ago' is not a time; give 2022" in _text(page, "#error")
    page.complaints.clear()


def _show(page: Page, path: Path, comparison: Comparison, code: str = "derived") -> None:
    """Show a report with that comparison, over a real report on the file."""
    page.evaluate("window.real = show; show = (report, file) => { window.given = [report, file]; }")
    page.choose("#file", path)
    page.wait_for("Boolean(window.given)")
    said = {"code": code, "sentence": "It looks like entry 0."}
    page.evaluate(
        "given[0].comparison = " + json.dumps(comparison.to_json()) + ";"
        "given[0].conclusion = " + json.dumps(said) + "; real(...given); window.given = null;"
    )


TAMPERED = Comparison(
    sentence="0:02–0:04 plays at 75 % speed; 0:04–0:06 is not from the original.",
    geometry=Geometry(),
    regions=(Region((64, 32, 128, 96), RegionKind.CHANGED, (0.0, 4.0)),),
    time_map=(
        Segment((0, 2), (1, 3), 1.0, SegmentKind.SAME),
        Segment((2, 4), (3, 4.5), 0.75, SegmentKind.SLOWED),
        Segment((4, 6), None, None, SegmentKind.INSERTED),
        Segment((6, 9), (1, 4), 1.0, SegmentKind.SAME),
    ),
    removed=((4.5, 6.0),),
    sound=(Segment((0, 9), None, None, SegmentKind.REPLACED),),
)


@pytest.fixture(scope="module")
def playable(files: Path) -> Path:
    """Return the clip in a format that every Chromium plays."""
    return media.convert(files / "clip.mp4", files / "playable.webm")


def test_a_stretch_that_differs_is_a_click_or_a_key_away(page: Page, playable: Path) -> None:
    _show(page, playable, TAMPERED)
    assert _text(page, "#difference") == TAMPERED.sentence
    assert _text(page, "#segments").splitlines() == [
        "0:02–0:04 75 % speed (0:03.0–0:04.5 of the original)",
        "0:04–0:06 not from the original",
        "0:06–0:09 out of order (0:01–0:04 of the original)",
        "Sound 0:00–0:09 other sound",
    ]
    page.wait_for("document.querySelector('video').readyState >= 1")
    page.evaluate("document.querySelectorAll('#segments button')[1].focus()")
    page.press("Enter", 13)
    page.wait_for("Math.abs(document.querySelector('video').currentTime - 4) < 0.1")
    page.evaluate("document.querySelectorAll('.stretch')[1].dispatchEvent(new MouseEvent('click'))")
    page.wait_for("Math.abs(document.querySelector('video').currentTime - 2) < 0.1")
    page.wait_for("document.getElementById('playhead').getAttribute('d').includes('C')")
    kinds = "[...document.querySelectorAll('.band')].map((each) => each.classList[1]).join()"
    assert page.evaluate(kinds) == "k-same,k-same,k-slowed"
    assert "missing from this file" in _text(page, "#legend")
    assert page.evaluate("document.getElementById('heat').offsetParent === null")  # no map, no box


def test_what_differs_is_boxed_over_the_picture_and_can_be_uncovered(
    page: Page, files: Path
) -> None:
    region = Region((64, 42, 128, 84), RegionKind.CHANGED)
    found = Comparison(sentence="One region was changed.", geometry=Geometry(), regions=(region,))
    _show(page, files / "signed.jpg", found)
    page.wait_for("document.querySelector('#preview canvas') !== null")
    inked = (
        "(() => { const c = document.querySelector('#preview canvas');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "const at = []; for (let i = 0; i < c.width * c.height; i++)"
        "if (d[4 * i] === 213 && d[4 * i + 1] === 94)"
        "at.push([i % c.width, Math.floor(i / c.width)]);"
        "return at.length ? [Math.min(...at.map((p) => p[0])) / c.width,"
        "Math.min(...at.map((p) => p[1])) / c.height] : null; })()"
    )
    left, top = page.evaluate(inked)
    assert (left, top) == (pytest.approx(64 / 640, abs=0.02), pytest.approx(42 / 427, abs=0.02))
    page.evaluate("document.getElementById('marks').click()")
    assert page.evaluate(inked) is None
    assert page.evaluate("document.getElementById('heat').hidden")
    page.complaints.clear()  # the browser notes that pixels are read back, which only a test does


def test_a_heat_map_lies_over_the_whole_picture_for_who_asks_for_it(
    page: Page, files: Path
) -> None:
    heat = Heat(2, 2, bytes([0, 0, 0, 255]))
    found = Comparison(sentence="One region was changed.", geometry=Geometry(), heat=heat)
    _show(page, files / "signed.jpg", found)
    page.wait_for("document.querySelector('#preview canvas') !== null")

    def opacity(x: float, y: float) -> int:
        return int(
            page.evaluate(
                "(() => { const c = document.querySelector('#preview canvas');"
                f"return c.getContext('2d').getImageData(c.width * {x}, c.height * {y}, 1, 1)"
                ".data[3]; })()"
            )
        )

    assert opacity(0.9, 0.9) == 0
    page.evaluate("document.getElementById('heats').click()")
    assert opacity(0.9, 0.9) > 150
    assert opacity(0.1, 0.1) == 0
    page.complaints.clear()


def test_the_users_own_original_stays_in_the_browser(page: Page, files: Path) -> None:
    found = Comparison(
        sentence="The picture is cropped.", geometry=Geometry(crop=(0.25, 0.0, 1.0, 1.0))
    )
    _show(page, files / "signed.jpg", found)
    assert page.evaluate("document.getElementById('own-side').hidden")
    asked = len(page.requests)
    page.choose("#own-file", files / "unrelated.jpg")
    page.wait_for("document.querySelector('#own canvas') !== null")
    assert page.evaluate("document.querySelector('#own img').alt") == "Your copy of the original"
    dark = "document.querySelector('#own canvas').getContext('2d').getImageData(2, 9, 1, 1).data[3]"
    page.wait_for(f"{dark} > 150")
    page.evaluate("1")  # whatever it asked for is noted by now
    assert [url for url in page.requests[asked:] if not url.startswith("blob:")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 900])
def test_a_comparison_fits_and_can_be_read(
    page: Page, playable: Path, width: int, scheme: str
) -> None:
    page.show_as(width, 800, scheme)
    _show(page, playable, TAMPERED)
    page.evaluate("document.getElementById('claims').open = true")
    page.wait_for("document.querySelector('#timeline svg') !== null")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_CONTRAST) >= 4.5
    small = (
        "[...document.querySelectorAll('#compared button, #compared .button, #claims button')]"
        ".every((each) => each.getBoundingClientRect().height >= 44)"
    )
    assert page.evaluate(small)


def test_a_report_without_a_comparison_shows_none(page: Page, files: Path, playable: Path) -> None:
    _show(page, playable, TAMPERED)
    page.evaluate("show = real")
    page.choose("#file", files / "unrelated.jpg")
    _read(page, "unrelated.jpg")
    assert page.evaluate("document.getElementById('compared').hidden")
    assert page.evaluate("document.querySelector('#preview canvas')") is None


def test_a_service_that_is_gone_is_said(page: Page, files: Path) -> None:
    page.call(
        "Network.emulateNetworkConditions",
        offline=True,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )
    try:
        page.choose("#file", files / "note.txt")
        page.wait_for("!document.getElementById('error').hidden")
    finally:
        page.call(
            "Network.emulateNetworkConditions",
            offline=False,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
    assert "Is it still running?" in _text(page, "#error")
    page.complaints.clear()
