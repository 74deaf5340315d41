"""Strict JSON bodies.

A body is read once, as UTF-8 JSON without duplicate keys, NaN or Infinity, into a
pydantic model that knows every field. What does not fit is a 400 that names the field
and says what would be right; the given value is not repeated, since it may be a secret.

    class Purchase(StrictBody):
        amount: Amount
        payment_method: Text          # "paymentMethod" in JSON

    purchase = read_body(Purchase)
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from shared_http.problems import Problem, malformed, malformed_fields

LARGEST_AMOUNT = 2**53 - 1

_MOST_ERRORS_TOLD = 10


def integer(lowest: int, highest: int) -> BeforeValidator:
    """Accept an integer of that range, and no float, string or boolean."""

    def check(value: object) -> object:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValueError(f"must be an integer from {lowest} to {highest}")
        return value

    return BeforeValidator(check)


def text(shortest: int, longest: int) -> BeforeValidator:
    """Accept a string of so many characters."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            raise ValueError(f"must be a string of {shortest} to {longest} characters")
        # JSON can spell half of a surrogate pair, which no database can hold.
        if not _is_unicode(value):
            raise ValueError("must be valid Unicode text")
        return value

    return BeforeValidator(check)


def text_like(pattern: str, description: str) -> BeforeValidator:
    """Accept a string that `pattern` matches as a whole; else "must be …"."""
    compiled = re.compile(pattern)

    def check(value: object) -> object:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError(f"must be {description}")
        return value

    return BeforeValidator(check)


Amount = Annotated[int, integer(1, LARGEST_AMOUNT)]
"""Whole currency that a JSON number can carry without loss."""

_IDENTIFIER = r"[A-Za-z0-9._:-]{1,128}"
_IDENTIFIER_SAID = "1 to 128 characters of A-Z a-z 0-9 . _ : -"

Identifier = Annotated[str, text_like(_IDENTIFIER, _IDENTIFIER_SAID)]
"""An id as fairpull takes it: of a player, a hold, a banner, a currency."""


def check_identifier(value: str) -> None:
    """Return a 400 `Problem` if `value`, a part of the path, can't be an id."""
    if not re.fullmatch(_IDENTIFIER, value):
        raise malformed(f"{value[:128]!r} must be {_IDENTIFIER_SAID}", where="path")


class StrictBody(BaseModel):
    """A request's body: camelCase names, no unknown field, no converted type."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, alias_generator=to_camel
    )


Body = TypeVar("Body", bound=StrictBody)


def read_body(model: type[Body]) -> Body:
    """Return the request's body as a `model`; a 4xx `Problem` if it isn't one."""
    if request.mimetype != "application/json":
        raise Problem(
            415,
            "unsupported-media-type",
            "Unsupported media type",
            "the body must be application/json",
        )
    return read_json(request.get_data(cache=False), model)


def read_json(body: bytes, model: type[Body]) -> Body:
    """Return what `body` spells as a `model`; a 400 `Problem` if it isn't one."""
    document = parse_json(body)
    if not isinstance(document, dict):
        raise malformed("the body must be a JSON object", where="body")
    return read_members(document, model)


def read_members(
    members: dict[str, Any], model: type[Body], *, within: str = ""
) -> Body:
    """Return an object that is at the JSON Pointer `within` as a `model`."""
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise _invalid_fields(error, model, within) from None


def parse_json(body: bytes) -> object:
    """Return the value that `body` spells; a 400 `Problem` if it isn't strict JSON."""
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
        )
        return value
    except UnicodeDecodeError as error:
        problem = f"the body must be UTF-8, and byte {error.start} is not"
    except json.JSONDecodeError as error:
        problem = (
            f"the body must be JSON: {error.msg} at line {error.lineno}, "
            f"column {error.colno}"
        )
    except RecursionError:
        problem = "the body is nested too deeply"
    except ValueError:
        # Python refuses to read whole numbers of more than 4300 digits.
        problem = "the body has a number with too many digits"
    raise malformed(problem, where="body")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise malformed(
                "is given twice; give it once", where="body", name=_pointer((name,))
            )
        members[name] = value
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise malformed(f"the body has {name}, which is no JSON number", where="body")


def _invalid_fields(
    error: ValidationError, model: type[StrictBody], within: str
) -> Problem:
    known = ", ".join(field.alias or name for name, field in model.model_fields.items())
    errors = []
    for found in error.errors(include_url=False, include_input=False):
        match found["type"]:
            case "extra_forbidden":
                message = f"is not a known field; known are {known}"
            case "missing":
                message = "is missing"
            case "value_error":
                message = str(found["ctx"]["error"])
            case _:
                message = found["msg"].replace("Input should", "must")
        errors.append(
            {
                "in": "body",
                "name": within + _pointer(found["loc"]),
                "message": message,
            }
        )
    return malformed_fields(errors[:_MOST_ERRORS_TOLD])


def _pointer(path: tuple[int | str, ...]) -> str:
    """Return a JSON Pointer (RFC 6901), cut where a client sent an absurd name."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    pointer = "".join(f"/{step[:64]}" for step in steps)
    return pointer if _is_unicode(pointer) else "/?"


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
