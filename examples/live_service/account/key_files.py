"""Where the signing keys are: one signs, the next is known already, old ones fade out.

Beside ``signing-key.pem``, the key that signs (`ACCOUNT_KEY_FILE`), there are

    signing-key.next.pem            the key that will sign after the next rotation
    signing-key.retired/<kid>.pem   public halves of those that signed before; the time
                                    of the file is when it ended

Everything the service knows of keys is in these files, so whoever may write them can
change keys without a restart: `rotate` does, for `python -m account.rotate_key`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from account.signing_key import (
    load_signing_key,
    make_signing_key,
    public_jwk,
    public_pem,
)
from private_files import write_private
from shared_http.clock import ClockMs, now_ms
from shared_http.player_tokens import LIFETIME_S
from shared_http.settings import SettingError

# Other processes may sign by the old key for a second more, by clocks that differ.
RETIRED_FOR_MS = (LIFETIME_S + 60) * 1000


def next_key_file(file: Path) -> Path:
    """Where the key is that comes after that of `file`."""
    return file.with_name(f"{file.stem}.next{file.suffix}")


def retired_keys_folder(file: Path) -> Path:
    """Where the keys are that came before that of `file`."""
    return file.with_name(f"{file.stem}.retired")


def retired_key_files(file: Path, *, at_ms: int) -> list[Path]:
    """The retired keys that unexpired tokens may be signed by."""
    files = []
    for each in sorted(retired_keys_folder(file).glob("*.pem")):
        # A rotation elsewhere may remove it just now.
        with suppress(FileNotFoundError):
            ended_at_ms = each.stat().st_mtime_ns // 1_000_000
            if at_ms < ended_at_ms + RETIRED_FOR_MS:
                files.append(each)
    return files


def rotate(file: Path, *, revoke: bool = False, clock_ms: ClockMs = now_ms) -> None:
    """Let the next key sign from now on, and make another next one.

    The key that signed until now stays good for checking what it signed; with
    `revoke`, as it is no secret any more, it does not. A `SettingError` if a file is
    not as it should be, or can't be written, which it names.
    """
    after = next_key_file(file)
    with _alone(file.parent):
        current = load_signing_key(file)
        make_signing_key(after)
        load_signing_key(after)
        retired = retired_keys_folder(file)
        try:
            # First here, so that at no time the key is in neither place.
            if not revoke:
                retired.mkdir(mode=0o700, exist_ok=True)
                public = current.public_key()
                file_of_public = retired / f"{public_jwk(public)['kid']}.pem"
                write_private(file_of_public, public_pem(public))
                os.utime(file_of_public, ns=(clock_ms() * 1_000_000,) * 2)
            after.replace(file)
            kept = retired_key_files(file, at_ms=clock_ms())
            for each in set(retired.glob("*.pem")) - set(kept):
                each.unlink()
        except OSError as error:
            raise SettingError(
                f"ACCOUNT_KEY_FILE: {error.filename}: {error.strerror}"
            ) from None
        make_signing_key(after)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Run the block while no other process does, on this folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise SettingError(f"ACCOUNT_KEY_FILE: {folder}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
