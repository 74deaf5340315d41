"""`deploy/containers`: the secrets, and what a container tells its program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from game_processes import LIVE_SERVICE

FOLDER = LIVE_SERVICE / "deploy" / "containers"
sys.path.insert(0, str(FOLDER))

from make_secrets import (  # noqa: E402
    GAME_USER,
    SERVER_USER,
    main,
    make_secrets,
)

START = str(FOLDER / "start.sh")


def started(**variables: str) -> dict[str, str]:
    done = subprocess.run(
        [START, "env"],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_secrets_are_made_once_and_given_to_who_reads_them(tmp_path: Path) -> None:
    owners: dict[str, int] = {}

    def own(path: Path, user: int) -> None:
        owners[str(path.relative_to(tmp_path))] = user

    make_secrets(tmp_path, own=own)
    files = {
        str(path.relative_to(tmp_path)): path.read_text()
        for path in tmp_path.glob("*/*")
    }
    make_secrets(tmp_path, own=own)
    assert files == {name: (tmp_path / name).read_text() for name in files}
    assert all((tmp_path / name).stat().st_mode & 0o077 == 0 for name in files)

    # One token, known to all; a seed that only gacha has.
    readers = [name for name in files if name.endswith("/service-token")]
    assert len({files[name] for name in readers}) == 1
    assert len(readers) == 5
    seed = files["kept/server-seed"]
    assert [name for name, text in files.items() if seed in text] == [
        name for name in files if name.endswith("/server-seed")
    ]
    assert len(bytes.fromhex(seed)) == 32
    # The password that the server is told is the one that the service tells.
    for service in ("account", "gacha"):
        password = files[f"{service}-db/password"]
        line = f"{service}-db:5432:{service}:{service}:{password}\n"
        assert files[f"{service}/pgpass"] == line
    assert files["account-db/password"] != files["gacha-db/password"]
    assert (
        files["redis/redis.conf"] == f"requirepass {files['gateway/redis-password']}\n"
    )

    # What is kept stays root's.
    assert not [name for name in owners if name.startswith("kept")]
    servers = ("account-db", "gacha-db", "redis")
    for name, user in owners.items():
        by_server = name.split("/")[0] in servers
        assert user == (SERVER_USER if by_server else GAME_USER), name
    assert owners.keys() == {
        each
        for name in files
        if "kept" not in name
        for each in (name, name.split("/")[0])
    }


def test_it_wants_one_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "one folder" in capsys.readouterr().err


def test_a_container_tells_its_address_and_where_redis_is(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret")
    told = started(
        INSTANCE_PORT="8002",
        REDIS_PASSWORD_FILE=str(tmp_path / "password"),
        REDIS_HOST="redis:6379",
    )
    assert told["REDIS_URL"] == "redis://:s3cret@redis:6379"
    assert told["INSTANCE_URL"].startswith("http://")
    assert told["INSTANCE_URL"].endswith(":8002")
    address = told["INSTANCE_URL"].removeprefix("http://").removesuffix(":8002")
    hostname = subprocess.run(["hostname", "-i"], capture_output=True, text=True)
    assert address == hostname.stdout.split()[0]


def test_without_them_it_tells_nothing() -> None:
    told = started()
    assert "REDIS_URL" not in told
    assert "INSTANCE_URL" not in told


def test_a_password_that_is_not_there_ends_it(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        started(REDIS_PASSWORD_FILE=str(tmp_path / "none"), REDIS_HOST="redis:6379")


def test_images_have_what_the_services_are_tested_with() -> None:
    def pinned(name: str) -> set[str]:
        lines = (LIVE_SERVICE / name).read_text().splitlines()
        return {line for line in lines if "==" in line}

    # The image installs the lock file with traces, which has to have the other in it.
    assert pinned("requirements.txt") <= pinned("requirements-tracing.txt")


@pytest.mark.parametrize("service", ["account", "gacha"])
def test_images_are_built_with_what_the_module_is_built_with(service: str) -> None:
    def after(words: str, text: str) -> set[str]:
        found = re.search(rf"{re.escape(words)}((?:[^\n]|(?<=\\)\n)*)", text)
        assert found
        return set(found[1].replace("\\\n", " ").split())

    setup = (LIVE_SERVICE.parents[1] / "scripts" / "setup.sh").read_text()
    needed = after("need_build_packages() {\n  need_packages", setup)
    dockerfile = (LIVE_SERVICE / service / "Dockerfile").read_text()
    assert after("--no-install-recommends", dockerfile) == needed
