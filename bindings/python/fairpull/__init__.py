"""Banners, pity and currency ledgers for games of chance.

One compiled banner has many readers: the draw, the odds page and the analysis
read the same object, so that what is shown is what is drawn.

>>> import fairpull
>>> banner = fairpull.Banner.load("starter")
>>> round(banner.odds().rarities[0].consolidated, 6)
0.016052
"""

from fairpull._core import __version__
from fairpull._files import banner_names
from fairpull.banner import Banner, Pulls, check
from fairpull.catalog import Catalog
from fairpull.distribution import Distribution
from fairpull.errors import (
    AlreadyExistsError,
    AmountOverflow,
    BannerClosed,
    BannerError,
    DataLossError,
    Error,
    ExceedsHold,
    FailedPreconditionError,
    HoldAlreadyPosted,
    HoldAlreadyVoided,
    IdAlreadyFailed,
    IdConflict,
    InsufficientFunds,
    InternalError,
    InvalidArgumentError,
    LedgerError,
    MalformedOperation,
    NotFoundError,
    Problem,
    ResourceExhaustedError,
    StoreError,
    StorePermissionError,
    StoreUnavailableError,
    UnknownAccount,
    UnknownBanner,
    UnknownHold,
    WrongPrice,
)
from fairpull.ledger import (
    Balance,
    Entry,
    Hold,
    Receipt,
    Store,
    Wallet,
    open_store,
    verify,
)
from fairpull.plan import PlanOdds, Stage, follow_plan
from fairpull.records import (
    CounterRange,
    Finding,
    Item,
    ItemOdds,
    Odds,
    Pull,
    Rarity,
    RarityOdds,
    Rule,
)
from fairpull.service import (
    PullOperation,
    PullReceipt,
    PullRecord,
    PullService,
    PullStep,
    ServerSeeds,
    SplitPullService,
    verify_draws,
)

__all__ = [
    "AlreadyExistsError",
    "AmountOverflow",
    "Balance",
    "Banner",
    "BannerClosed",
    "BannerError",
    "Catalog",
    "CounterRange",
    "DataLossError",
    "Distribution",
    "Entry",
    "Error",
    "ExceedsHold",
    "FailedPreconditionError",
    "Finding",
    "Hold",
    "HoldAlreadyPosted",
    "HoldAlreadyVoided",
    "IdAlreadyFailed",
    "IdConflict",
    "InsufficientFunds",
    "InternalError",
    "InvalidArgumentError",
    "Item",
    "ItemOdds",
    "LedgerError",
    "MalformedOperation",
    "NotFoundError",
    "Odds",
    "PlanOdds",
    "Problem",
    "Pull",
    "PullOperation",
    "PullReceipt",
    "PullRecord",
    "PullService",
    "PullStep",
    "Pulls",
    "Rarity",
    "RarityOdds",
    "Receipt",
    "ResourceExhaustedError",
    "Rule",
    "ServerSeeds",
    "SplitPullService",
    "Stage",
    "Store",
    "StoreError",
    "StorePermissionError",
    "StoreUnavailableError",
    "UnknownAccount",
    "UnknownBanner",
    "UnknownHold",
    "Wallet",
    "WrongPrice",
    "__version__",
    "banner_names",
    "check",
    "follow_plan",
    "open_store",
    "verify",
    "verify_draws",
]
