"""Checks messages against `api/asyncapi.yaml`, so that no test spells it again."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_API = Path(__file__).parents[1] / "api"


class SocketContractBroken(AssertionError):
    """A message is not as the contract has it."""


def check_message(message: str, *, of_client: bool = False) -> dict[str, Any]:
    """Return the message; raise unless the contract has one of its type and form."""
    told: dict[str, Any] = json.loads(message)
    kinds = _kinds("receive" if of_client else "send")
    schema = kinds.get(told.get("type", ""))
    if schema is None:
        raise SocketContractBroken(f"{told.get('type')} is not in the contract")
    errors = [
        f"{error.json_path}: {error.message}"
        for error in _validator(schema).iter_errors(told)
    ]
    if errors:
        raise SocketContractBroken("; ".join(errors) + f" in {message}")
    return told


@cache
def socket_contract() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((_API / "asyncapi.yaml").read_text())
    return document


def _at(pointer: str) -> dict[str, Any]:
    found: Any = socket_contract()
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return _at(found["$ref"]) if "$ref" in found else found


@cache
def _kinds(direction: str) -> dict[str, str]:
    """The schema of each type of message that goes in that direction."""
    references = []
    for operation in socket_contract()["operations"].values():
        if operation["action"] == direction:
            references += operation["messages"]
        elif direction == "send":
            references += operation.get("reply", {}).get("messages", [])
    messages = [_at(reference["$ref"]) for reference in references]
    return {each["name"]: each["payload"]["$ref"] for each in messages}


@cache
def _validator(pointer: str) -> Draft202012Validator:
    registry: Registry[Any] = Registry()
    for name in ("asyncapi.yaml", "openapi.yaml"):
        resource = Resource.from_contents(
            yaml.safe_load((_API / name).read_text()), default_specification=DRAFT202012
        )
        registry = registry.with_resource(f"http://api/{name}", resource)
    return Draft202012Validator(
        {"$ref": f"http://api/asyncapi.yaml{pointer}"},
        registry=registry,
        format_checker=FormatChecker(),
    )
