"""A folder of banner files with one mistake each, and what is said of each.

`expected.json` has, for each file, where its first problem is and a part of what it
says, which no other file shares; and whether it is one of form, which the JSON Schema
sees as well. What no schema can see (a repeated key, 3/2 as odds, 30 February) counts
as meaning there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator

import fairpull

FOLDER = ROOT / "tests" / "banner" / "rejected"
SHIPPED = sorted((ROOT / "examples" / "banners").glob("*.json"))


class Rejected(NamedTuple):
    pointer: str
    message: str
    form: bool


def read_expected() -> dict[str, Rejected]:
    text = (FOLDER / "expected.json").read_text(encoding="utf-8")
    return {name: Rejected(**said) for name, said in json.loads(text).items()}


def read_json(path: Path) -> Any:
    """The content of a file, or None if it is no JSON."""
    try:
        return json.loads(path.read_bytes().decode("utf-8"))
    except ValueError:
        return None


def subschemas(schema: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            # Conditions only narrow what is explained elsewhere.
            if key not in {"if", "then", "else", "not"}:
                yield from subschemas(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from subschemas(value, f"{path}/{index}")


EXPECTED = read_expected()
ON_FILE = pytest.mark.parametrize("name", sorted(EXPECTED))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    entry = resources.files("fairpull").joinpath("banner.schema.json")
    loaded: dict[str, Any] = json.loads(entry.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema)


def test_every_file_of_the_folder_is_expected():
    files = {path.name for path in FOLDER.iterdir()} - {"expected.json"}
    assert files == set(EXPECTED)
    assert len(files) >= 90


def test_no_two_files_have_the_same_problem():
    counts = Counter((said.pointer, said.message) for said in EXPECTED.values())
    assert [pair for pair, count in counts.items() if count > 1] == []


@ON_FILE
def test_tells_where_and_why(name: str):
    path = FOLDER / name
    problems = fairpull.check(path)
    assert problems, "is accepted"
    assert problems[0].pointer == EXPECTED[name].pointer, problems[0].message
    assert EXPECTED[name].message in problems[0].message
    assert {problem.file for problem in problems} == {str(path)}


@ON_FILE
def test_the_schema_sees_what_is_wrong_in_form(
    name: str, validator: Draft202012Validator
):
    content = read_json(FOLDER / name)
    if content is None:
        pytest.skip("is no JSON")
    assert validator.is_valid(content) != EXPECTED[name].form


def test_the_schema_is_one(schema: dict[str, Any]):
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == "urn:fairpull:banner"


def test_the_schema_needs_nothing_from_elsewhere(schema: dict[str, Any]):
    references = [s["$ref"] for _, s in subschemas(schema) if "$ref" in s]
    assert references
    for reference in references:
        definition = reference.removeprefix("#/$defs/")
        assert definition in schema["$defs"], reference


def test_the_schema_explains_every_key(schema: dict[str, Any]):
    silent = [
        f"{path}/{key}"
        for path, part in subschemas(schema)
        for keys in ("properties", "patternProperties")
        for key, of_key in part.get(keys, {}).items()
        if isinstance(of_key, dict)
        and not (of_key.get("title") and of_key.get("description"))
    ]
    assert silent == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_accepts_the_banners_that_ship(
    path: Path, validator: Draft202012Validator
):
    errors = [
        f"{error.json_path}: {error.message}"
        for error in validator.iter_errors(read_json(path))
    ]
    assert errors == []
