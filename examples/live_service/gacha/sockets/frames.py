"""How a message is spelled: ``{"v": 1, "type": …, "id": …, "seq": …, "data": {…}}``.

`id` is the client's name for a request, and is in the answer to it; what nobody asked
for has null. `seq` numbers what a player alone is told. `api/asyncapi.yaml` has each
type and its data.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from shared_http.json_body import (
    LARGEST_AMOUNT,
    Identifier,
    StrictBody,
    integer,
    read_json,
    read_members,
    text,
    text_like,
)

VERSION = 1

_Seq = Annotated[int, integer(0, LARGEST_AMOUNT)]


def _json_object(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    return value


class Request(StrictBody):
    """A message of a client."""

    v: Annotated[int, integer(VERSION, VERSION)]
    type: Annotated[
        str,
        text_like(
            "authenticate|list_banners|choose_banner",
            "authenticate, list_banners or choose_banner",
        ),
    ]
    id: Identifier
    seq: _Seq | None = None
    data: Annotated[dict[str, Any], BeforeValidator(_json_object)]


class Authenticate(StrictBody):
    """The data of `authenticate`; with `stream`, `seq` is the last one it has seen."""

    token: Annotated[str, text(1, 3072)]
    stream: Annotated[str, text_like("[0-9a-f]{32}", "32 hex digits")] | None = None


class ListBanners(StrictBody):
    """The data of `list_banners`: none."""


class ChooseBanner(StrictBody):
    """The data of `choose_banner`."""

    banner_id: Identifier


def read_request(message: str) -> Request:
    """Return the request; a 400 `Problem` if it is none."""
    return read_json(message.encode(), Request)


Data = TypeVar("Data", bound=StrictBody)


def read_data(request: Request, model: type[Data]) -> Data:
    """Return the request's data as a `model`; a 400 `Problem` if it isn't one."""
    return read_members(request.data, model, within="/data")


def spell(
    type_: str,
    data: dict[str, Any],
    *,
    answers: str | None = None,
    seq: int | None = None,
) -> str:
    """Return a message of the server."""
    return json.dumps(
        {"v": VERSION, "type": type_, "id": answers, "seq": seq, "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    )
