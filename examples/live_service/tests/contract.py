"""Checks answers against `api/openapi.yaml`, so that no test has to spell it again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_FILE = Path(__file__).parents[1] / "api" / "openapi.yaml"
_PROBLEM = "#/components/schemas/Problem"


class ContractBroken(AssertionError):
    """An answer is not as the contract has it."""


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text())
    return document


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(_document(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("contract", resource)
    return registry


def check_answer(
    method: str, path: str, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Raise `ContractBroken` unless the contract allows this answer to this request.

    `path` is without its query. Paths outside the contract may only be problems.
    """
    response = _declared_response(method, path, status)
    if response is None:
        if status not in (404, 405):
            raise ContractBroken(f"{method} {path}: {status} is not in the contract")
        _check_body(_PROBLEM, "application/problem+json", headers, body)
        return
    pointer, declared = response
    ((media_type, _),) = declared["content"].items()
    escaped = media_type.replace("/", "~1")
    _check_body(f"{pointer}/content/{escaped}/schema", media_type, headers, body)
    _check_headers(declared.get("headers", {}), headers)


def _declared_response(
    method: str, path: str, status: int
) -> tuple[str, dict[str, Any]] | None:
    operation = _document()["paths"].get(path, {}).get(method.lower())
    if operation is None or str(status) not in operation["responses"]:
        return None
    escaped = path.replace("/", "~1")
    pointer = f"#/paths/{escaped}/{method.lower()}/responses/{status}"
    declared = operation["responses"][str(status)]
    if "$ref" in declared:
        pointer = declared["$ref"]
        declared = _at(pointer)
    return pointer, declared


def _check_body(
    pointer: str, media_type: str, headers: Mapping[str, str], body: bytes
) -> None:
    given = headers.get("Content-Type", "")
    if given.split(";")[0] != media_type:
        raise ContractBroken(f"Content-Type should be {media_type}, not {given}")
    errors = [
        f"{error.json_path}: {error.message}"
        for error in _validator(pointer).iter_errors(json.loads(body))
    ]
    if errors:
        raise ContractBroken("; ".join(errors) + f" in {body!r}")


@cache
def _validator(pointer: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"contract{pointer}"},
        registry=_registry(),
        format_checker=FormatChecker(),
    )


def _check_headers(
    declared: Mapping[str, dict[str, str]], headers: Mapping[str, str]
) -> None:
    for name, reference in declared.items():
        value = headers.get(name)
        if value is None:
            raise ContractBroken(f"the header {name} is missing")
        schema = _at(reference["$ref"])["schema"]
        if "$ref" in schema:
            schema = _at(schema["$ref"])
        fits = (
            re.search(schema["pattern"], value)
            if schema["type"] == "string"
            else value.isdigit() and int(value) >= schema["minimum"]
        )
        if not fits:
            raise ContractBroken(f"the header {name} is {value!r}")


def _at(pointer: str) -> dict[str, Any]:
    found: Any = _document()
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    assert isinstance(found, dict)
    return found
