"""The exceptions of fairpull.

Each derives from :class:`Error` and, where one fits, from the builtin that a
Python programmer would expect. ``docs/reference/errors.md`` maps them to the
status codes of the C++ library and to the problems of the HTTP services.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AlreadyExistsError",
    "AmountOverflow",
    "BannerClosed",
    "BannerError",
    "DataLossError",
    "Error",
    "ExceedsHold",
    "FailedPreconditionError",
    "HistoryError",
    "HoldAlreadyPosted",
    "HoldAlreadyVoided",
    "IdAlreadyFailed",
    "IdConflict",
    "InsufficientFunds",
    "InternalError",
    "InvalidArgumentError",
    "LedgerError",
    "MalformedOperation",
    "MissingExtraError",
    "NotFoundError",
    "Problem",
    "ResourceExhaustedError",
    "StoreError",
    "StorePermissionError",
    "StoreUnavailableError",
    "UnknownAccount",
    "UnknownBanner",
    "UnknownHold",
    "WrongPrice",
]


class Error(Exception):
    """The base of every exception that fairpull raises."""


class InvalidArgumentError(Error, ValueError):
    """An argument that can't be right, whatever is stored."""


class NotFoundError(Error, LookupError):
    """What was named does not exist."""


class FailedPreconditionError(Error, RuntimeError):
    """Right in itself, but not in the present state."""


class AlreadyExistsError(Error, ValueError):
    """The name was used for something else before."""


class InternalError(Error, RuntimeError):
    """A fault in fairpull itself."""


class StoreError(Error, OSError):
    """The storage failed; what was asked for may or may not be done."""


class StoreUnavailableError(StoreError):
    """The storage is busy or away; asking again may help."""


class StorePermissionError(StoreError, PermissionError):
    """The storage may not be read or written."""


class ResourceExhaustedError(StoreError):
    """No room is left: a full disk, or a limit that is too small."""


class DataLossError(StoreError):
    """What is stored is damaged."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a banner file.

    Attributes
    ----------
    file : str
        The name of the file.
    pointer : str
        A JSON pointer (RFC 6901) to the place; empty for the whole file.
    message : str
        What is wrong, and what would be right.
    """

    file: str
    pointer: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.pointer}" if self.pointer else self.file
        return f"{where}: {self.message}"


class BannerError(Error, ValueError):
    """A banner file that can't be used; `problems` has every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class HistoryError(Error, ValueError):
    """A file of recorded pulls that can't be used; the message says why."""


class MissingExtraError(Error, ImportError):
    """Something needs a package that is not installed; the message says which."""


class UnknownBanner(NotFoundError):
    """No banner has this name."""


class BannerClosed(FailedPreconditionError):
    """The banner has not opened yet, or is closed; the message says when."""


class WrongPrice(InvalidArgumentError):
    """The caller expected another price; `price` is the right one."""

    def __init__(self, message: str, price: int) -> None:
        super().__init__(message)
        self.price = price


class LedgerError(Error):
    """An operation on the ledger that was refused.

    Attributes
    ----------
    outcome : str
        The name of the outcome, as ``"insufficient_funds"``.
    field : str
        The field that is malformed or differs; empty if none is to blame.
    posted, held, available : int
        The balance as it was found; zero where no account is concerned.
    """

    def __init__(
        self,
        outcome: str,
        *,
        field: str = "",
        posted: int = 0,
        held: int = 0,
        message: str = "",
    ) -> None:
        if not message:
            message = outcome.replace("_", " ")
            if field:
                message += f": {field}"
        super().__init__(message)
        self.outcome = outcome
        self.field = field
        self.posted = posted
        self.held = held
        self.available = posted - held


class MalformedOperation(LedgerError, ValueError):
    """A request that can't mean anything."""


class IdConflict(LedgerError, ValueError):
    """The id was used for something else; `field` says what differs."""


class IdAlreadyFailed(LedgerError):
    """The hold was refused when it was placed, and stays so."""


class UnknownAccount(LedgerError, LookupError):
    """The player has no account in this currency."""


class AmountOverflow(LedgerError, OverflowError):
    """The balance would pass 2**53 - 1."""


class HoldAlreadyPosted(LedgerError):
    """The hold was posted before."""


class HoldAlreadyVoided(LedgerError):
    """The hold was voided before."""


class UnknownHold(LedgerError, LookupError):
    """No hold has this id."""


class ExceedsHold(LedgerError, ValueError):
    """More than the hold's amount was to be posted."""


class InsufficientFunds(LedgerError):
    """Less is available than was asked for."""


class NothingToReverse(LedgerError, LookupError):
    """Nothing was granted, spent or posted under this id."""


class TooManyLots(LedgerError):
    """One lot more than an account may have; spend or expire some first."""


LEDGER_ERRORS: dict[str, type[LedgerError]] = {
    "malformed": MalformedOperation,
    "id_conflict": IdConflict,
    "id_already_failed": IdAlreadyFailed,
    "unknown_account": UnknownAccount,
    "amount_overflow": AmountOverflow,
    "hold_already_posted": HoldAlreadyPosted,
    "hold_already_voided": HoldAlreadyVoided,
    "unknown_hold": UnknownHold,
    "exceeds_hold": ExceedsHold,
    "nothing_to_reverse": NothingToReverse,
    "too_many_lots": TooManyLots,
    "insufficient_funds": InsufficientFunds,
}
