"""Settings, secrets and the switch for crashes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from account.config import AccountConfig, users_url_beside
from account.signing_key import load_or_make_signing_key, public_jwk
from gacha.config import GachaConfig
from shared_http.crash_points import CrashPoints
from shared_http.random_faults import FaultRates, RandomFaults
from shared_http.settings import Environment, SettingError

LIVE_SERVICE = Path(__file__).parents[1]


@pytest.fixture
def account_variables(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "token").write_text("t" * 32 + "\n")
    (tmp_path / "payment").write_text("p" * 32 + "\n")
    return {
        "ACCOUNT_DATABASE_URL": f"sqlite:///{tmp_path}/account.db",
        "ACCOUNT_KEY_FILE": str(tmp_path / "key.pem"),
        "SERVICE_TOKEN_FILE": str(tmp_path / "token"),
        "PAYMENT_SECRET_FILE": str(tmp_path / "payment"),
        "GACHA_URL": "http://127.0.0.1:2",
    }


@pytest.fixture
def gacha_variables(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "token").write_text("t" * 32 + "\n")
    (tmp_path / "seed").write_text("0f" * 32)
    return {
        "GACHA_DATABASE_URL": f"sqlite:///{tmp_path}/gacha.db",
        "SERVER_SEED_FILE": str(tmp_path / "seed"),
        "SERVICE_TOKEN_FILE": str(tmp_path / "token"),
        "ACCOUNT_URL": "http://127.0.0.1:1",
    }


def test_account_takes_its_defaults(account_variables: dict[str, str]) -> None:
    config = AccountConfig.from_environment(account_variables)
    assert config.service_token == "t" * 32
    assert config.users_url.endswith("/account-users.db")
    assert config.ask_after_ms == 60_000
    assert config.alarm_after_ms == 600_000


def test_gacha_takes_its_defaults(gacha_variables: dict[str, str]) -> None:
    config = GachaConfig.from_environment(gacha_variables)
    assert config.server_seed == b"\x0f" * 32
    assert config.jwks_url == "http://127.0.0.1:1/account/.well-known/jwks.json"
    assert config.recovery_every_ms == 250
    assert config.display_time_zone == "UTC"


def test_each_missing_account_setting_is_named(
    account_variables: dict[str, str],
) -> None:
    for name in account_variables:
        rest = {key: value for key, value in account_variables.items() if key != name}
        with pytest.raises(SettingError, match=f"{name} is not set"):
            AccountConfig.from_environment(rest)


def test_each_missing_gacha_setting_is_named(gacha_variables: dict[str, str]) -> None:
    for name in gacha_variables:
        rest = {key: value for key, value in gacha_variables.items() if key != name}
        with pytest.raises(SettingError, match=f"{name} is not set"):
            GachaConfig.from_environment(rest)


def test_secrets_are_not_in_a_configuration_s_repr(
    account_variables: dict[str, str], gacha_variables: dict[str, str]
) -> None:
    shown = repr(AccountConfig.from_environment(account_variables))
    shown += repr(GachaConfig.from_environment(gacha_variables))
    assert "t" * 32 not in shown
    assert "p" * 32 not in shown
    assert repr(b"\x0f" * 32) not in shown


def test_the_time_zone_of_banners_can_be_chosen_and_is_checked(
    gacha_variables: dict[str, str],
) -> None:
    config = GachaConfig.from_environment(
        {**gacha_variables, "DISPLAY_TIME_ZONE": "America/St_Johns"}
    )
    assert config.display_time_zone == "America/St_Johns"
    for wrong in ("CEST", "Europe", "Mars/Olympus", "+09:00", "../etc/passwd", "\0"):
        with pytest.raises(SettingError, match="DISPLAY_TIME_ZONE must be a time zone"):
            GachaConfig.from_environment(
                {**gacha_variables, "DISPLAY_TIME_ZONE": wrong}
            )


@pytest.mark.parametrize("seed", ["", "0f" * 31, "0f" * 33, "xy" * 32])
def test_a_seed_that_is_not_32_bytes_is_refused(
    gacha_variables: dict[str, str], seed: str
) -> None:
    Path(gacha_variables["SERVER_SEED_FILE"]).write_text(seed)
    with pytest.raises(SettingError, match="64 hex digits"):
        GachaConfig.from_environment(gacha_variables)


@pytest.mark.parametrize("name", ["SERVICE_TOKEN_FILE", "PAYMENT_SECRET_FILE"])
def test_a_short_shared_secret_is_refused(
    account_variables: dict[str, str], name: str
) -> None:
    Path(account_variables[name]).write_text("secret")
    with pytest.raises(SettingError, match=f"{name}.*at least 32"):
        AccountConfig.from_environment(account_variables)


def test_a_missing_secret_file_is_named(account_variables: dict[str, str]) -> None:
    Path(account_variables["SERVICE_TOKEN_FILE"]).unlink()
    with pytest.raises(SettingError, match=r"SERVICE_TOKEN_FILE.*No such file"):
        AccountConfig.from_environment(account_variables)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "5s", "٣"])
def test_a_time_is_whole_milliseconds(
    account_variables: dict[str, str], value: str
) -> None:
    with pytest.raises(SettingError, match="HOLD_ASK_AFTER_MS"):
        AccountConfig.from_environment(
            {**account_variables, "HOLD_ASK_AFTER_MS": value}
        )


def test_payment_methods_can_be_chosen_and_are_checked(
    account_variables: dict[str, str],
) -> None:
    config = AccountConfig.from_environment(
        {**account_variables, "PAYMENT_METHODS": "card, voucher"}
    )
    assert config.payment_methods == ("card", "voucher")
    with pytest.raises(SettingError, match="'Gift Card'"):
        AccountConfig.from_environment(
            {**account_variables, "PAYMENT_METHODS": "Gift Card"}
        )


def test_the_price_can_be_chosen_and_is_checked(
    account_variables: dict[str, str],
) -> None:
    config = AccountConfig.from_environment(
        {**account_variables, "CURRENCY_PRICE": "12 JPY"}
    )
    assert (config.price.of(10), config.price.currency) == (120, "JPY")
    for wrong in ("0 USD", "1", "USD", "1.5 USD", "1 usd", "1000001 USD", "-1 USD"):
        with pytest.raises(SettingError, match=f"CURRENCY_PRICE.*{wrong}"):
            AccountConfig.from_environment(
                {**account_variables, "CURRENCY_PRICE": wrong}
            )


@pytest.mark.parametrize(
    ("ledger", "users"),
    [
        ("sqlite:////srv/account.db", "sqlite:////srv/account-users.db"),
        ("sqlite:///account.db", "sqlite:///account-users.db"),
        ("postgresql://db/game", "postgresql://db/game"),
    ],
)
def test_users_have_a_file_of_their_own_in_sqlite(ledger: str, users: str) -> None:
    assert users_url_beside(ledger) == users


def test_users_of_a_ledger_in_memory_need_an_address_of_their_own(
    account_variables: dict[str, str],
) -> None:
    in_memory = {**account_variables, "ACCOUNT_DATABASE_URL": "memory:"}
    with pytest.raises(SettingError, match="ACCOUNT_USERS_URL"):
        AccountConfig.from_environment(in_memory)
    elsewhere = {**in_memory, "ACCOUNT_USERS_URL": "sqlite:///users.db"}
    assert AccountConfig.from_environment(elsewhere).users_url == "sqlite:///users.db"


def test_the_signing_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    first = load_or_make_signing_key(file)
    again = load_or_make_signing_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_signing_key_that_others_may_touch_is_refused(
    tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "key.pem"
    load_or_make_signing_key(file)
    file.chmod(mode)
    with pytest.raises(SettingError, match=f"mode {mode:o}.*chmod 600"):
        load_or_make_signing_key(file)
    file.chmod(0o600)
    load_or_make_signing_key(file)


@pytest.mark.parametrize("content", [b"", b"no key"])
def test_a_broken_key_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SettingError, match="ACCOUNT_KEY_FILE"):
        load_or_make_signing_key(file)
    assert file.read_bytes() == content


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    file.chmod(0o600)
    with pytest.raises(SettingError, match="Ed25519"):
        load_or_make_signing_key(file)


def test_a_key_in_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="ACCOUNT_KEY_FILE"):
        load_or_make_signing_key(tmp_path / "nowhere" / "key.pem")


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    """The example of RFC 8037, appendices A.2 and A.3."""
    raw = bytes.fromhex(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    jwk = public_jwk(Ed25519PublicKey.from_public_bytes(raw))
    assert jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert jwk["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    ("service", "changes", "said"),
    [
        ("account", {"GACHA_URL": ""}, "GACHA_URL is not set"),
        ("account", {"ACCOUNT_DATABASE_URL": "sqlite:////nowhere/a.db"}, "/nowhere"),
        ("account", {"ACCOUNT_USERS_URL": "sqlite:////nowhere/u.db"}, "unable to open"),
        ("gacha", {"BANNER_PATH": "/nowhere"}, "BANNER_PATH: /nowhere is not a folder"),
        ("gacha", {"BANNER_PATH": "{folder}"}, "odd.json"),
        ("gacha", {"DISPLAY_TIME_ZONE": "Mars/Olympus"}, "time zone of IANA, like"),
    ],
)
def test_a_service_that_can_t_start_ends_with_a_sentence(
    account_variables: dict[str, str],
    gacha_variables: dict[str, str],
    tmp_path: Path,
    service: str,
    changes: dict[str, str],
    said: str,
) -> None:
    (tmp_path / "odd.json").write_text('{"id": "odd"}')
    variables = {**account_variables, **gacha_variables, "DATABASE_WAIT_MS": "1"}
    for name, value in changes.items():
        variables[name] = value.format(folder=tmp_path)
    app = f"{service}.app:create_app()"
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:0", app],
        cwd=LIVE_SERVICE,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert f"{service} can't start: " in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


CRASHING = """
import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from shared_http.crash_points import CrashPoints
points = CrashPoints("service:here", Path({marker!r}))
points.reach("service:there")
print("before", flush=True)
points.reach("service:here")
print("after", flush=True)
"""


def test_a_crash_point_kills_once_and_then_never_again(tmp_path: Path) -> None:
    code = CRASHING.format(folder=str(LIVE_SERVICE), marker=str(tmp_path / "once"))
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        for _ in range(2)
    )
    assert (first.returncode, first.stdout) == (-9, "before\n")
    assert (second.returncode, second.stdout) == (0, "before\nafter\n")


def test_no_crash_point_is_armed_by_default(tmp_path: Path) -> None:
    CrashPoints.from_environment(Environment({})).reach("")
    with pytest.raises(SettingError, match="FAIRPULL_CRASH_ONCE"):
        CrashPoints.from_environment(Environment({"FAIRPULL_CRASH_AT": "a:b"}))


@pytest.mark.parametrize(
    "text",
    [
        "kill=0.1",
        "kill=0.1 stall=0.1 stall_ms=5",
        "kill=2 stall=0 stall_ms=5 seed=1",
        "kill=0 stall=-1 stall_ms=5 seed=1",
        "kill=0 stall=nan stall_ms=5 seed=1",
        "kill=0 stall=0 stall_ms=60001 seed=1",
        "kill=0 stall=0 stall_ms=5 seed=x",
        "kill=0 stall=0 stall_ms=5 seed=1 more=1",
    ],
)
def test_faults_that_can_t_be_are_refused(text: str) -> None:
    with pytest.raises(SettingError, match="FAIRPULL_FAULTS must be like"):
        FaultRates.from_text(text)


def test_faults_at_random_are_as_often_as_asked_and_the_same_for_a_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A false alarm in less than one of 10^9 seeds: six standard deviations."""
    killed: list[int] = []
    stalls: list[float] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: killed.append(pid))
    monkeypatch.setattr(time, "sleep", stalls.append)

    def run(log: str) -> tuple[int, list[float]]:
        killed.clear()
        stalls.clear()
        rates = FaultRates.from_text("kill=0.01 stall=0.3 stall_ms=50 seed=7")
        faults = RandomFaults(rates, tmp_path / log)
        for _ in range(10_000):
            faults.meet("service:here")
        return len(killed), list(stalls)

    kills, slept = run("a")
    assert abs(kills - 100) < 60
    assert abs(len(slept) - 3000) < 6 * 46
    assert 0 <= min(slept) < 0.001
    assert 0.049 < max(slept) <= 0.05
    assert (kills, slept) == run("b")
    # The process that comes after has faults of its own.
    assert (kills, slept) != run("a")
    lines = (tmp_path / "b").read_text().splitlines()
    assert lines[:2] == ["start", "service:here reached"]
    assert lines.count("service:here kill") == kills


def test_no_fault_is_met_unless_asked_for(tmp_path: Path) -> None:
    assert RandomFaults.from_environment(Environment({})) is None
    asked = {"FAIRPULL_FAULTS": "kill=1 stall=0 stall_ms=0 seed=1"}
    with pytest.raises(SettingError, match="FAIRPULL_FAULTS_LOG"):
        RandomFaults.from_environment(Environment(asked))
