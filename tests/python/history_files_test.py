"""Recorded histories: forms of files, damage, memory, and Ctrl-C."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from histories import ANN_AND_BOB, dated, ndjson, rate

import fairpull


class TestForms:
    ROWS = (
        {"player": "ann", "seq": 1, "item": "herb-satchel", "featured": False},
        {"player": "ann", "seq": 2, "item": "dessa-thistledown", "featured": True},
        {"player": 'Ünal, "x"', "seq": 1, "item": "herb-satchel", "featured": None},
    )

    def write(self, path: Path) -> Path:
        rows = list(self.ROWS)
        if path.name.endswith(".gz"):
            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.write(ndjson(rows))
        elif path.suffix == ".csv":
            path.write_text(
                "\ufeffseq,player,extra,item,featured\n"
                "1,ann,x,herb-satchel,false\n2,ann,x,dessa-thistledown,TRUE\n"
                '1,"Ünal, ""x""",,herb-satchel,\n',
                "utf-8",
            )
        elif path.suffix == ".parquet":
            import duckdb

            plain = path.with_suffix(".json")
            plain.write_text(ndjson(rows), "utf-8")
            duckdb.sql(f"COPY (FROM read_json('{plain}')) TO '{path}'")
        else:
            path.write_text(ndjson(rows), "utf-8")
        return path

    @pytest.mark.parametrize(
        "name",
        ["a.ndjson", "a.jsonl", "a.ndjson.gz", "a.csv", "a.parquet", "[a]*?.csv"],
    )
    def test_are_read_alike(self, tmp_path, starter, name):
        with fairpull.read_history(self.write(tmp_path / name), starter) as history:
            assert (history.players, history.pulls, history.damaged) == (2, 3, 0)
            assert rate(history, "rarity:rare").hits == 2
            found = rate(history, "featured:super_rare")
            assert (found.hits, found.of) == (1, 1)
            assert [x.player for x in history.luck()] == ["ann", 'Ünal, "x"']

    def test_several_files_are_one_history(self, tmp_path, starter):
        one = self.write(tmp_path / "one.ndjson")
        two = tmp_path / "two.csv"
        two.write_text("player,seq,rarity\nann,3,ultra_rare\n")
        with fairpull.read_history([one, two], starter) as history:
            assert history.hazards().hits.tolist() == [0, 0, 1]

    def test_rows_of_other_banners_are_left_alone(self, read):
        rows = [
            {"player": "a", "seq": 1, "rarity": "rare", "scope": "starter"},
            {"player": "a", "seq": 1, "rarity": "mythic", "scope": "moon"},
        ]
        history = read(rows)
        assert (history.pulls, history.damaged) == (1, 0)

    def test_rarities_may_have_other_names(self, read):
        rows = [{"player": "a", "seq": 1, "rarity": "SSR"}]
        history = read(rows, rarities={"SSR": "ultra_rare"})
        assert rate(history, "rarity:ultra_rare").hits == 1
        with pytest.raises(fairpull.HistoryError, match="SSR=moon: banner starter has"):
            read(rows, rarities={"SSR": "moon"})

    def test_others_may_be_featured(self, read):
        rows = [
            {"player": "a", "seq": 1, "item": "of-today", "rarity": "ultra_rare"},
            {"player": "a", "seq": 2, "item": "of-old", "rarity": "ultra_rare"},
        ]
        found = rate(read(rows), "featured:ultra_rare")
        assert (found.hits, found.of) == (0, 0)
        found = rate(read(rows, featured=["of-today"]), "featured:ultra_rare")
        assert (found.hits, found.of) == (1, 2)


def uigf(*pulls: tuple[str, str, str], uid: Any = 100) -> dict[str, Any]:
    """An account: (gacha_type, rank, id) of each pull."""
    return {
        "uid": uid,
        "timezone": 8,
        "list": [
            {
                "uigf_gacha_type": "301" if kind == "400" else kind,
                "gacha_type": kind,
                "item_id": "10000001",
                "rank_type": rank,
                "time": "2026-01-01 10:00:00",
                "id": f"17000000000000000{number}",
            }
            for kind, rank, number in pulls
        ],
    }


class TestUigf:
    @pytest.fixture
    def file(self, write) -> Path:
        # Newest first, as apps export them; the second is of the other kind that
        # shares the pity.
        pulls = [
            ("301", "3", "06"),
            ("301", "5", "05"),
            ("302", "5", "04"),
            ("301", "3", "03"),
            ("400", "3", "02"),
            ("301", "5", "01"),
        ]
        path: Path = write(
            "uigf.json",
            {
                "info": {"version": "v4.0"},
                "hk4e": [uigf(*pulls), uigf(*pulls[:2], pulls[1], uid="200")],
            },
        )
        return path

    def test_pools_that_share_pity_count_together(self, file):
        banner = fairpull.Banner.load("genshin-character")
        with fairpull.read_history(file, banner, pools=["301"]) as history:
            # The second player's hit is there twice, and counts once.
            assert (history.players, history.pulls, history.damaged) == (2, 7, 0)
            waits = history.hazards()
            assert waits.hits.tolist() == [0, 0, 1]
            assert waits.at_risk.tolist() == [3, 1, 1]
        with fairpull.read_history(
            file, banner, pools=["hk4e:301"], complete=True
        ) as history:
            assert history.hazards().hits.tolist() == [2, 0, 1]

    def test_kinds_are_put_together_where_the_file_does_not(self, file):
        text = json.loads(file.read_text())
        for account in text["hk4e"]:
            for record in account["list"]:
                del record["uigf_gacha_type"]
        file.write_text(json.dumps(text))
        banner = fairpull.Banner.load("genshin-character")
        with fairpull.read_history(file, banner, pools=["301"]) as history:
            assert history.hazards().hits.tolist() == [0, 0, 1]

    def test_which_pools_is_asked_where_there_are_several(self, file):
        banner = fairpull.Banner.load("genshin-character")
        with pytest.raises(
            fairpull.HistoryError,
            match=r"has several pools: hk4e:301 \(8 pulls\), hk4e:302 \(1 pulls\)",
        ):
            fairpull.read_history(file, banner)
        with pytest.raises(fairpull.HistoryError, match="pool 200 is not there"):
            fairpull.read_history(file, banner, pools=["200"])

    def test_a_damaged_record_is_told_by_its_pointer(self, file):
        text = json.loads(file.read_text())
        text["hk4e"][0]["list"][3]["rank_type"] = "9"
        text["hk4e"][1]["list"][0] = 7
        file.write_text(json.dumps(text))
        banner = fairpull.Banner.load("genshin-character")
        with fairpull.read_history(file, banner, pools=["301"]) as history:
            places = [damage.place for damage in history.damages]
            assert places == ["/hk4e/0/list/3", "/hk4e/1/list/0"]
            assert "rarity '9' is unknown" in history.damages[0].message
            assert "5-star, 4-star, 3-star" in history.damages[0].message
            # The wait across it is not known any more.
            assert history.hazards().hits.sum() == 0

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ('{"hk4e": [\n{"uid": 1, "li', "uigf.json:2: no JSON: Unterminated string"),
            ({"info": {}, "list": []}, "UIGF 3 or SRGF file must be converted"),
            ({"player": 1}, "no UIGF 4: it has none of hk4e, hkrpg, nap"),
            ({"hk4e": []}, "no pulls"),
            ([1], "no UIGF 4"),
            ("[" * 100_000, "no UIGF: it is nested too deeply"),
        ],
    )
    def test_other_files_are_refused(self, write, content, message):
        path = write("uigf.json", content)
        with pytest.raises(fairpull.HistoryError, match=message):
            fairpull.read_history(path, fairpull.Banner.load("genshin-character"))


class TestDamage:
    GOOD = '{"player":"ann","seq":%d,"rarity":"%s"}'

    def test_a_line_is_told_and_the_others_are_read(self, read):
        lines = [self.GOOD % (n, "rare") for n in range(1, 8)]
        lines[3] = lines[3][:20]
        lines.insert(2, "")  # is no row, but a line
        lines.append("[1, 2]")
        lines.append('{"player": null, "seq": 1, "rarity": "rare"}')
        lines.append(self.GOOD % (0, "rare"))
        lines.append(self.GOOD % (9, "mythic"))
        lines.append('{"player":"bob","seq":1,"item":"nothing"}')
        lines.append(
            '{"player":"bob","seq":2,"item":"herb-satchel","rarity":"ultra_rare"}'
        )
        lines.append('{"player":"bob","seq":3}')
        lines.append('{"player":"ann","se')
        history = read("\n".join(lines))
        told = [(d.place, d.message) for d in history.damages]
        assert [place for place, _ in told] == list("59") + [
            str(n) for n in range(10, 17)
        ]
        for (_, message), part in zip(
            told,
            [
                'no JSON: Unterminated string starting at, in column 17: {"player"',
                "no JSON object: [1, 2]",
                "has no player",
                "seq is 0; it must be a whole number from 1",
                "rarity 'mythic' is unknown; banner starter has ultra_rare, super_rare",
                "item 'nothing' is not in the pool of banner starter",
                "item 'herb-satchel' is rare on banner starter, not ultra_rare",
                "says neither item nor rarity",
                "no JSON: ",
            ],
            strict=True,
        ):
            assert part in message
        assert history.damaged == 9
        assert history.pulls == 6
        # Three pulls before the cut line, which was the fourth; three after it.
        assert history.hazards().at_risk.tolist() == [1, 1, 1]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ('{"player":"ann","se', ":1: no JSON: Unterminated string"),
            ("\n\nplayer,seq\n", ":3: no JSON: "),
            ("[1, 2]\n[3]\n", r":1: no JSON object: \[1, 2\]"),
            ("\n\n", ":1: no JSON: "),
        ],
    )
    def test_a_file_without_any_record_is_told_by_its_line(
        self, tmp_path, starter, text, told
    ):
        path = tmp_path / "none.ndjson"
        path.write_text(text)
        with pytest.raises(fairpull.HistoryError, match=rf"none\.ndjson{told}"):
            fairpull.read_history(path, starter)

    def test_bytes_that_are_no_text(self, tmp_path, starter):
        path = tmp_path / "bytes.ndjson"
        path.write_bytes(
            (self.GOOD % (1, "rare")).encode()
            + b'\n{"player":"\xff","seq":1,"rarity":"rare"}\nno\n'
            + (self.GOOD % (2, "rare")).encode()
        )
        with fairpull.read_history(path, starter) as history:
            assert history.pulls == 2
            assert [str(d).split(": ", 1)[0] for d in history.damages] == [
                f"{path}:2",
                f"{path}:3",
            ]
            assert history.damages[0].message == "is not UTF-8 text"

    def test_lines_of_csv(self, tmp_path, starter):
        path = tmp_path / "bad.csv"
        path.write_text(
            "player,seq,item\na,1,herb-satchel\nb,2\n\nc,3,y,z\nd,x,herb-satchel\n"
            'e,1,nope\n"f\nf",1,herb-satchel\ng,y,herb-satchel\nh,1,"herb'
        )
        with fairpull.read_history(path, starter) as history:
            told = {damage.place: damage.message for damage in history.damages}
            assert told["3"] == "has 2 columns; the first line has 3"
            assert told["5"] == "has 4 columns; the first line has 3"
            assert told["6"].startswith("seq is x; it must be a whole number")
            assert told["7"].startswith("item 'nope' is not in the pool")
            assert told["10"].startswith("seq is y")
            assert told["11"] == "has a quote that is never closed, or text after one"
            assert history.pulls == 2

    def test_only_the_first_are_told_but_all_are_counted(self, read):
        lines = ["no"] * 50 + [self.GOOD % (1, "rare")]
        history = read("\n".join(lines))
        assert history.damaged == 50
        assert [damage.place for damage in history.damages] == [
            str(n) for n in range(1, 21)
        ]

    def test_by_time_it_says_that_a_wait_may_lack_a_pull(self, read):
        history = read(ndjson(dated(ANN_AND_BOB)) + '{"player":"ann","time":"soon",')
        assert any("a wait may lack one" in note for note in history.notes)

    def test_a_parquet_file_that_was_cut_off(self, tmp_path, starter):
        whole = TestForms().write(tmp_path / "whole.parquet").read_bytes()
        path = tmp_path / "cut.parquet"
        path.write_bytes(whole[:-50])
        with pytest.raises(fairpull.HistoryError, match="no whole Parquet file"):
            fairpull.read_history(path, starter)
        # The list of columns is there, but not what it lists.
        path.write_bytes(bytes(len(whole) - 400) + whole[-400:])
        with pytest.raises(fairpull.HistoryError, match=r"cut\.parquet"):
            fairpull.read_history(path, starter)

    def test_rows_of_parquet_are_told_by_their_number(self, tmp_path, starter):
        import duckdb

        path = tmp_path / "rows.parquet"
        duckdb.sql(
            "COPY (SELECT 'p' AS player, i AS seq, "
            "CASE WHEN i = 3000 THEN 'mythic' ELSE 'rare' END AS rarity "
            f"FROM range(1, 5001) t(i)) TO '{path}' (ROW_GROUP_SIZE 2048)"
        )
        with fairpull.read_history(path, starter) as history:
            (damage,) = history.damages
            assert damage.place == "3000"
            assert "rarity 'mythic' is unknown" in damage.message
            assert history.pulls == 4999

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.ndjson", '{"who":1,"rarity":"rare"}', "no column player and no seq or"),
            ("a.csv", "player,seq\n1,1\n", "has no column item or rarity"),
            ("a.ndjson", "", "is empty"),
            ("a.txt", "x", "its ending says no form of history"),
            (
                "a.ndjson",
                '{"player":1,"seq":1,"rarity":"rare","scope":"moon"}',
                r"no pull of banner starter; it has pulls of scope moon \(1 pulls\)",
            ),
            ("a.csv.gz", "x", "a.csv.gz: no whole gzip file"),
        ],
    )
    def test_files_that_are_no_history(self, write, starter, name, content, message):
        with pytest.raises(fairpull.HistoryError, match=message):
            fairpull.read_history(write(name, content), starter)

    def test_files_that_are_ordered_in_two_ways(self, write, starter):
        paths = [
            write("a.ndjson", ndjson(ANN_AND_BOB)),
            write("b.ndjson", ndjson(dated(ANN_AND_BOB))),
        ]
        with pytest.raises(
            fairpull.HistoryError, match=r"b\.ndjson: has no column seq"
        ):
            fairpull.read_history(paths, starter)

    def test_a_file_that_is_not_there(self, tmp_path, starter):
        with pytest.raises(FileNotFoundError, match="there is no such file"):
            fairpull.read_history(tmp_path / "no.csv", starter)

    def test_nothing_is_left_behind(self, write, tmp_path, starter):
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        path = write("a.ndjson", ndjson(ANN_AND_BOB))
        with fairpull.read_history(path, starter, folder=scratch) as history:
            assert len(list(scratch.iterdir())) == 1
        assert list(scratch.iterdir()) == []
        history.close()  # once more is as well
        with pytest.raises(fairpull.HistoryError):
            fairpull.read_history(write("b.csv", "x\n1\n"), starter, folder=scratch)
        assert list(scratch.iterdir()) == []

    def test_without_duckdb_it_says_what_to_install(
        self, write, starter, monkeypatch: pytest.MonkeyPatch
    ):
        path = write("a.ndjson", ndjson(ANN_AND_BOB))
        monkeypatch.setitem(sys.modules, "duckdb", None)
        with pytest.raises(ImportError, match=r"pip install 'fairpull\[history\]'"):
            fairpull.read_history(path, starter)

    def test_duckdb_is_loaded_only_for_histories(self):
        code = "import fairpull, sys; assert 'duckdb' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True)


def test_memory_stays_within_the_limit(tmp_path):
    """Five million pulls by time, whose rows of a player are far apart."""
    code = """
import resource, sys, duckdb, fairpull
path = sys.argv[1]
duckdb.sql("SET enable_progress_bar = false")
duckdb.sql(
    "COPY (SELECT 'player-' || (i % 5000) AS player, i AS time, "
    "CASE WHEN hash(i) % 62 = 0 THEN 'ultra_rare' ELSE 'rare' END AS rarity "
    f"FROM range(5000000) t(i)) TO '{path}'"
)
banner = fairpull.Banner.load("starter")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with fairpull.read_history(path, banner, memory_limit="128MB", threads=2) as history:
    assert history.pulls == 5000000
    assert history.hazards("rare").hits.sum() > 4900000 - 5000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    kibibytes = int(
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "big.parquet")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    # The limit, and what DuckDB does not count.
    assert kibibytes <= 256 << 10


def test_ctrl_c_is_answered_and_leaves_nothing_behind(tmp_path):
    import duckdb

    path, scratch = tmp_path / "big.parquet", tmp_path / "scratch"
    scratch.mkdir()
    duckdb.sql("SET enable_progress_bar = false")
    duckdb.sql(
        "COPY (SELECT 'player-' || (i % 5000) AS player, i AS time, "
        f"'rare' AS rarity FROM range(20000000) t(i)) TO '{path}'"
    )
    command = ["history", str(path), "--banner", "starter", "--folder", str(scratch)]
    with subprocess.Popen(
        [sys.executable, "-m", "fairpull", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts the tests in the background has it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        limit = time.monotonic() + 60
        while not list(scratch.glob("*/history.duckdb")):
            assert time.monotonic() < limit
            time.sleep(0.01)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert time.monotonic() - sent < 10
    assert (process.returncode, out, err) == (130, "", "")
    assert list(scratch.iterdir()) == []
