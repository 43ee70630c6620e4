"""Write docs/statuses.md: every status of a report, from the one table that words them.

python docs/make_statuses.py > docs/statuses.md
"""

from collections.abc import Iterator, Mapping

from verifier.standard_words import FAMILIES, STANDARD, Row
from verifier.words import CONCLUSIONS, TABLE

_HEAD = """# Every status, in words

What `firsthand verify` can say of a file, code by code: the sentence (each `{hole}` is filled with
a particular of the file), what it does not show, and what would settle it. Written by
`docs/make_statuses.py` from the one table that words them (`verifier/words.py`,
`verifier/standard_words.py`).
"""


def main() -> str:
    """Return the whole page."""
    ours = {code: row for code, row in TABLE.items() if code not in STANDARD}
    return "\n".join(
        (
            _HEAD,
            *("## Conclusions", "", *_table({str(k): row for k, row in CONCLUSIONS.items()}), ""),
            *("## Findings", "", *_table(ours), ""),
            *("## C2PA's and CAWG's own codes", "", *_table(STANDARD), ""),
            "A code that is newer than this table is told by how it ends or begins:",
            "",
            *_table(dict(FAMILIES)),
            "",
        )
    )


def _table(rows: Mapping[str, Row]) -> Iterator[str]:
    yield "| code | what it says | it does not show | to settle it |"
    yield "| --- | --- | --- | --- |"
    for code, row in rows.items():
        cells = (f"`{code}`".replace("|", "\\|"), row.sentence, row.does_not_show, row.settles)
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(main(), end="")
