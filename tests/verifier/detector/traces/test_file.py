"""What a file says about its making is told harmlessly, whatever a stranger wrote into it."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from verifier.detector.result import Trace
from verifier.detector.traces.dates import implausible
from verifier.detector.traces.texts import Exif, Text
from verifier.detector.traces.writers import written
from verifier.detector.traces.xmp import MOST_BYTES, read_xmp

from .make import codes, jpeg, photograph, png, traces

SMALL = photograph("chelsea.png").crop((0, 0, 128, 96))
PACKET = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {attributes}>{inside}
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def packet(attributes: str = "", inside: str = "") -> bytes:
    return PACKET.replace("{attributes}", attributes).replace("{inside}", inside).encode()


def told(*texts: Text, xmp: bytes = b"") -> tuple[Trace, ...]:
    return written(texts, read_xmp(xmp))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("AIGC", '{"Label":"1","ContentProducer":"00119144030071526726XG1ZX0G"}'),
        ("parameters", "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7"),
        ("prompt", json.dumps({"3": {"class_type": "KSampler", "inputs": {}}})),
        ("Software", "NovelAI"),
        ("Description", "a cat --v 6.0 --ar 3:2 Job ID: 0b4b6e5c-0000-4000-8000-000000000000"),
        ("invokeai_metadata", "{}"),
    ],
)
def test_what_generators_write_into_png_is_named(key: str, text: str, tmp_path: Path) -> None:
    found = traces(png(SMALL, **{key: text}), tmp_path, ".png")
    assert "generator.named" in codes(found)
    assert "Anybody can write this" in found[0].does_not_show


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Adobe Firefly 2.0", "generator.named"),
        ("Adobe Photoshop CC 2019 (Windows)", "editor.named"),
        ("GIMP 2.10.36", "editor.named"),
        ("Ver.1.00", None),
        ("HDR+ 1.0.540104767zd", None),
    ],
)
def test_programs_that_name_themselves_in_exif_are_told(
    text: str, code: str | None, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = text
    assert codes(traces(jpeg(SMALL, 90, exif=exif.tobytes()), tmp_path)) == ({code} - {None})


def test_settings_in_an_exif_comment_are_found_in_either_order_of_bytes(tmp_path: Path) -> None:
    for coding in ("utf-16-be", "utf-16-le"):
        exif = Image.Exif()
        text = "a cat\nSteps: 30, Sampler: DPM++ 2M, Seed: 1"
        exif.get_ifd(ExifTags.IFD.Exif)[0x9286] = b"UNICODE\0" + text.encode(coding)
        found = traces(jpeg(SMALL, 90, exif=exif.tobytes()), tmp_path)
        assert "generator.named" in codes(found)


def test_a_caption_about_a_generator_is_no_trace_of_one(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "The makers of Midjourney and Photoshop at the fair"
    assert codes(traces(jpeg(SMALL, 90, exif=exif.tobytes()), tmp_path)) == set()


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("trainedAlgorithmicMedia", "generator.named"),
        ("compositeWithTrainedAlgorithmicMedia", "generator.named"),
        ("minorHumanEdits", "editor.named"),
        ("digitalCapture", None),
        ("somethingElse", None),
    ],
)
def test_the_iptc_source_type_is_read(term: str, code: str | None) -> None:
    uri = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    for xmp in (
        packet(f'Iptc4xmpExt:DigitalSourceType="{uri}"'),
        packet(inside=f"<Iptc4xmpExt:DigitalSourceType>{uri}</Iptc4xmpExt:DigitalSourceType>"),
    ):
        assert codes(told(xmp=xmp)) == ({code} - {None})


def test_the_label_that_china_asks_for_is_read_in_xmp() -> None:
    label = "{&quot;Label&quot;:&quot;1&quot;,&quot;ContentProducer&quot;:&quot;0011&quot;}"
    space = 'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
    (found,) = told(xmp=packet(f'{space} TC260:AIGC="{label}"'))
    assert found.code == "generator.named"
    assert "GB 45438-2025), that it was generated" in found.sentence


def test_a_credit_of_googles_is_told_and_a_history_counted(tmp_path: Path) -> None:
    steps = "".join(
        f'<rdf:li stEvt:action="{action}" stEvt:when="2024-05-0{day}T10:00:00Z"/>'
        for day, action in enumerate(("created", "saved", "saved"), 1)
    )
    inside = f"<xmpMM:History><rdf:Seq>{steps}</rdf:Seq></xmpMM:History>"
    xmp = packet('photoshop:Credit="Made with Google AI"', inside)
    found = traces(jpeg(SMALL, 90, xmp=xmp), tmp_path)
    assert codes(found) == {"generator.named", "editor.history"}
    history = next(each for each in found if each.code == "editor.history")
    assert "3 steps: created, saved between 2024-05-01" in history.sentence


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<x xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Adobe Firefly">&c;</x>"""
OUTSIDE = b"""<!DOCTYPE x SYSTEM "file:///etc/passwd"><x xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmp:CreatorTool="Adobe Firefly"/>"""


@pytest.mark.parametrize("xmp", [BOMB, OUTSIDE])
def test_a_packet_with_a_document_type_is_refused_whole(xmp: bytes) -> None:
    assert read_xmp(xmp) == ()


def test_deep_long_and_broken_packets_end_early() -> None:
    assert len(read_xmp(b"<a>" * 100_000)) == 0
    many = b"<a>" + b"<b>x</b>" * 200_000 + b"</a>"
    assert len(many) > MOST_BYTES
    assert len(read_xmp(many)) <= 2000
    (text,) = read_xmp(b"<a>" + b"&#65;" * 150_000 + b"</a>")
    assert len(text.text) <= 4000
    broken = packet('xmp:CreatorTool="GIMP 2.10"', "<open>")
    assert codes(told(xmp=broken)) == {"editor.named"}


@given(st.binary(max_size=300))
def test_no_packet_makes_the_reader_raise(junk: bytes) -> None:
    read_xmp(junk)
    read_xmp(packet() + junk)


def test_a_strangers_text_is_shown_harmless_and_short(tmp_path: Path) -> None:
    hostile = "Photoshop \u202egpj.exe\x1b[31m\n" + "A" * 5000
    (found,) = told(Text("EXIF Software", hostile))
    assert "\u202e" not in found.sentence
    assert "\x1b" not in found.sentence
    assert len(found.sentence) < 300
    huge = png(SMALL, parameters="Steps: 20, Sampler: x " + "y" * 900_000)
    assert all(len(each.sentence) < 300 for each in traces(huge, tmp_path, ".png"))


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_makes_the_names_raise(where: str, text: str) -> None:
    written([Text(f"PNG text “{where}”", text), Text("EXIF Software", text)], ())


def day(number: int, hour: int = 12) -> datetime:
    return datetime(2024, 5, number, hour)  # EXIF's have no zone either


def test_a_capture_after_the_last_change_is_told_but_not_by_hours() -> None:
    late = implausible(Exif(captured=day(9), changed=day(2)), (10, 10))
    assert codes(late) == {"exif.captured-after-change"}
    assert implausible(Exif(captured=day(2, 20), changed=day(2, 8)), (10, 10)) == ()
    assert implausible(Exif(captured=day(2), changed=day(9)), (10, 10)) == ()


def test_other_dimensions_than_the_exif_gives_are_told() -> None:
    (scaled,) = implausible(Exif(size=(4000, 3000)), (1200, 1600))
    (cut,) = implausible(Exif(size=(4000, 3000)), (1600, 900))
    assert "in the same proportions" in scaled.sentence
    assert "cropping" in cut.sentence
    assert implausible(Exif(size=(4000, 3000)), (3000, 4000)) == ()
    assert implausible(Exif(size=(1, 1)), (3000, 4000)) == ()
