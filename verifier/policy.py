"""What is enough for whoever asks: a policy, and whether a report meets it. Pure.

A policy never changes a conclusion: it says which conclusions will do, which checks must have
passed, and whose word counts. docs/policies.md has the format, a complete example first.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .report import ConclusionCode, Finding, Report, Step
from .words import say

_T = TypeVar("_T")

VERSION = 1
_KINDS = {int: "number", str: "text", bool: "true or false", dict: "table", list: "list"}
_LIST_NAME = re.compile(r"[^\x00-\x1f/\\]{1,100}")
# What can ever be enough. The rest says that something is wrong, or that nothing is known.
_ENOUGH = (ConclusionCode.UNCHANGED, ConclusionCode.DERIVED)
# No opinion, and no policy, is proof; of coverage only what lacks is told; and what stands apart is
# no part of the file's history.
_OPTIONAL = (Step.DETECTION, Step.POLICY, Step.COVERAGE, Step.UNREFERENCED)


@dataclass(frozen=True, slots=True)
class Policy:
    """Which conclusions are enough, which checks must have passed, and whose signature counts.

    `lists` are names of trust lists, one of which must know the signer of the active manifest,
    where the file carries one; empty, any list may. With `accept_signers_on_no_list` the conclusion
    `untrusted` is enough as well.
    """

    name: str
    conclusions: frozenset[ConclusionCode]
    require: tuple[Step, ...] = ()
    lists: tuple[str, ...] = ()
    accept_signers_on_no_list: bool = False
    accept_contradicted_claims: bool = False


def parse_policy(text: str) -> Policy:
    """Read a policy in TOML. Raises FormatError for an empty one, and for what it does not know."""
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise FormatError(f"the policy is not TOML ({problem})") from None
    if not value:
        raise FormatError("the policy is empty: it would let nothing pass, or everything")
    keys = _Keys(value)
    if keys.take("version", int) != VERSION:
        raise FormatError(f"a policy of another version than {VERSION}")
    signature, dangerous = keys.table("signature"), keys.table("dangerous")
    policy = Policy(
        name=keys.take("name", str),
        conclusions=frozenset(map(_conclusion, keys.texts("conclusions"))),
        require=tuple(map(_step, keys.texts("require"))),
        lists=tuple(map(_list, signature.texts("lists"))),
        accept_signers_on_no_list=dangerous.is_set("accept_signers_on_no_list"),
        accept_contradicted_claims=dangerous.is_set("accept_contradicted_claims"),
    )
    for table in (keys, signature, dangerous):
        table.nothing_left()
    if not policy.conclusions:
        raise FormatError("the policy names no conclusion that is enough")
    if policy.lists and policy.accept_signers_on_no_list:
        raise FormatError("the policy names lists, and accepts signers that are on none")
    return policy


class _Keys:
    """A table that must hold just the keys that are asked of it, each of its type."""

    def __init__(self, table: Mapping[str, object]) -> None:
        self._left = dict(table)

    def take(self, key: str, kind: type[_T]) -> _T:
        value = self._left.pop(key, None)
        if type(value) is not kind:  # to TOML no whole number is a truth
            raise FormatError(f"the policy needs `{key}`, a {_KINDS[kind]}")
        return value

    def is_set(self, key: str) -> bool:
        return key in self._left and self.take(key, bool)

    def table(self, key: str) -> "_Keys":
        return _Keys(self.take(key, dict) if key in self._left else {})

    def texts(self, key: str) -> list[str]:
        values = self.take(key, list) if key in self._left else []
        if not all(isinstance(value, str) for value in values):
            raise FormatError(f"`{key}` of the policy is not an array of texts")
        return values

    def nothing_left(self) -> None:
        if self._left:
            raise FormatError(f"the policy knows no `{next(iter(self._left))[:80]}`")


def judge(policy: Policy, report: Report) -> Finding:
    """Say whether a report meets a policy, and if not, all that it lacks."""
    lacking = "; ".join(_lacking(policy, report))
    if lacking:
        code = "policy.not_met"
        return say(Step.POLICY, Outcome.FAILED, code, policy=policy.name, lacking=lacking)
    return say(Step.POLICY, Outcome.PASSED, "policy.met", policy=policy.name)


def _lacking(policy: Policy, report: Report) -> Iterator[str]:
    code = report.conclusion.code
    untrusted = code is ConclusionCode.UNTRUSTED and policy.accept_signers_on_no_list
    if code not in policy.conclusions and not untrusted:
        yield f"its conclusion is `{code}`"
    outcomes: Mapping[Step, list[Finding]] = {
        step: [finding for finding in report.findings if finding.step is step] for step in Step
    }
    for step in policy.require:
        if not any(finding.outcome is Outcome.PASSED for finding in outcomes[step]):
            said = ", ".join(finding.outcome for finding in outcomes[step]) or Outcome.NOT_CHECKED
            yield f"the check `{step}` must have passed, and came to `{said}`"
    if policy.lists and report.chain and report.chain[0].list not in policy.lists:
        known = report.chain[0].list
        where = f"only on the list “{known}”" if known else "on no list"
        yield f"its signer is {where}"
    if not policy.accept_contradicted_claims:
        for finding in outcomes[Step.CONTEXT]:
            if finding.outcome is Outcome.FAILED:
                yield finding.sentence.removesuffix(".")


def _conclusion(text: str) -> ConclusionCode:
    if text not in _ENOUGH:
        able = " or ".join(f"`{code}`" for code in _ENOUGH)
        raise FormatError(f"a policy can be content with {able}, not with {text[:80]!r}")
    return ConclusionCode(text)


def _step(text: str) -> Step:
    able = [step for step in Step if step not in _OPTIONAL]
    if text not in able:
        raise FormatError(f"a policy can require {', '.join(able)}, not {text[:80]!r}")
    return Step(text)


def _list(text: str) -> str:
    if not _LIST_NAME.fullmatch(text):
        raise FormatError(f"not the name of a trust list: {text[:80]!r}")
    return text
