"""How much one sandboxed job may use."""

from dataclasses import dataclass, fields, replace

from ledger.errors import FormatError

_MIB = 1 << 20
_PER_MIB = 8  # seconds of processor time
_LONGEST = 4 * 3600  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one job may use; each limit but `answer` and `wall` holds for each process."""

    address_space: int = 3072 * _MIB  # bytes of address space (RLIMIT_AS)
    cpu: int = 60  # seconds of processor time (RLIMIT_CPU)
    wall: float = 120.0  # seconds on the clock, from the moment the job is taken up
    written: int = 0  # bytes in any file it writes (RLIMIT_FSIZE)
    open_files: int = 64  # descriptors (RLIMIT_NOFILE)
    processes: int = 64  # processes and threads, where the kernel can count them (RLIMIT_NPROC)
    answer: int = 64 * _MIB  # bytes of CBOR that it may answer

    def __post_init__(self) -> None:
        """Refuse a limit of nothing, which would refuse every job."""
        for name in ("address_space", "cpu", "wall", "open_files", "processes", "answer"):
            if getattr(self, name) <= 0:
                raise ValueError(f"the limit {name} must be positive")


_NAMES = tuple(field.name for field in fields(Limits))


def limits_for(size: int) -> Limits:
    """What a file of `size` bytes may take: more processor time for each MiB it has.

    A clip is recorded at 12 to 20 times its own speed, and one that hardly moves has 40 seconds or
    more in a MiB.
    """
    longer = min(_PER_MIB * size // _MIB, _LONGEST)
    usual = Limits()
    return replace(usual, cpu=usual.cpu + longer, wall=usual.wall + 2 * longer)


def format_limits(limits: Limits) -> dict[str, int | float]:
    """The limits as plain values that CBOR can carry."""
    return {name: getattr(limits, name) for name in _NAMES}


def parse_limits(value: dict[str, int | float]) -> Limits:
    """Read what `format_limits` writes; raises FormatError for anything else."""
    if set(value) != set(_NAMES):
        raise FormatError("these are not the limits of a job")
    return Limits(**value)  # type: ignore[arg-type]  # the names were just checked
