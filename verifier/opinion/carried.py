"""What a manifest carries for whoever judges its signer: frozen values, and as plain ones."""

from dataclasses import dataclass

from ledger.errors import FormatError

from ..signature import Signature, format_signature, parse_signature


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity assertion: a status of CAWG's where something is against it, else nothing.

    `about` says more of it. `signature` is that of whoever is named, where it verifies.
    """

    label: str
    kind: str
    roles: tuple[str, ...] = ()
    status: str = ""
    about: str = ""
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What one manifest carries; its signature as it verifies, or why it does not.

    update: it binds no bytes of its own, but updates its parent (C2PA 2.2, 11.2.3).
    """

    signature: Signature | str
    identities: tuple[Identity, ...] = ()
    update: bool = False


NOTHING = Carried("it was not looked for")


def format_carried(value: Carried) -> list[object]:
    """Turn it into plain values."""
    signature = value.signature
    return [
        signature if isinstance(signature, str) else format_signature(signature),
        [_format_identity(each) for each in value.identities],
        value.update,
    ]


def parse_carried(value: object) -> Carried:
    """Read what `format_carried` writes; raises FormatError for anything else."""
    match value:
        case [str() as problem, [*named], bool() as update]:
            return Carried(problem, tuple(map(_identity, named)), update)
        case [signature, [*named], bool() as update]:
            return Carried(parse_signature(signature), tuple(map(_identity, named)), update)
        case _:
            raise FormatError("this is not what a manifest carries")


def _format_identity(identity: Identity) -> list[object]:
    signature = identity.signature
    return [
        *(identity.label, identity.kind, list(identity.roles), identity.status, identity.about),
        signature and format_signature(signature),
    ]


def _identity(value: object) -> Identity:
    match value:
        case [str() as label, str() as kind, [*roles], str() as status, str() as about, signed]:
            signature = parse_signature(signed) if signed is not None else None
            return Identity(label, kind, tuple(map(str, roles)), status, about, signature)
        case _:
            raise FormatError("this is no identity assertion")
