"""For operators: sign by the next key from now on.

    ACCOUNT_KEY_FILE=… python -m account.rotate_key [--revoke]

Running services take it up within a second, and whoever checks tokens knows the key
already. With `--revoke`, for a key that is no secret any more, what it signed is
refused: here at once, by the gacha service within five minutes.
"""

from __future__ import annotations

import argparse
import os
import sys

from account.key_files import next_key_file, rotate
from account.signing_key import load_signing_key, public_jwk
from shared_http.settings import Environment, SettingError


def main() -> int:
    """Rotate as the command line and the environment say; the exit code."""
    options = argparse.ArgumentParser(
        prog="python -m account.rotate_key",
        description="Sign by the next key from now on, and make another next one.",
    )
    options.add_argument(
        "--revoke",
        action="store_true",
        help="the old key is no secret any more: refuse what it signed",
    )
    given = options.parse_args()
    try:
        file = Environment(os.environ).path(
            "ACCOUNT_KEY_FILE", example="/var/lib/fairpull/signing-key.pem"
        )
        rotate(file, revoke=given.revoke)
        signing, after = (
            public_jwk(load_signing_key(each).public_key())["kid"]
            for each in (file, next_key_file(file))
        )
    except SettingError as error:
        print(f"rotate_key: {error}", file=sys.stderr)
        return 1
    print(f"signs now: {signing}\nwill sign after the next rotation: {after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
