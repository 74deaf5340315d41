"""Bodies that no service may accept, and where they are sent."""

from __future__ import annotations

import json

NOT_JSON = {
    "empty": b"",
    "cut short": b'{"amount": 1',
    "trailing comma": b'{"amount": 1,}',
    "single quotes": b"{'amount': 1}",
    "comment": b'{"amount": 1 /* one */}',
    "two documents": b"{}{}",
    "not UTF-8": b'{"amount": "\xff"}',
    "UTF-16": '{"amount": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"amount": 1}',
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": Infinity}',
    "minus Infinity": b'{"amount": -Infinity}',
    "60,000 digits": b'{"amount": ' + b"9" * 60_000 + b"}",
    "nested 30,000 deep": b'{"amount": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "objects 10,000 deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "an array": b"[1]",
    "a number": b"1",
    "null": b"null",
    "a string": b'"amount"',
}

BAD_AMOUNTS = [
    "0", "-1", "1.0", "1.5", "1e3", "1E400", "-0", '"100"', '""', "true", "false",
    "null", "[1]", "{}", str(2**53), str(2**63), str(2**64), str(-(2**63)),
    "9" * 300,
]  # fmt: skip

ENDPOINTS = [
    ("/account/buy-currency", "amount", {"paymentMethod": "card"}),
    ("/gacha/pull", "currencySpent", {}),
]


def spell(field: str, value: str, others: dict[str, str]) -> bytes:
    members = [f'"{field}": {value}']
    members += [f'"{name}": {json.dumps(other)}' for name, other in others.items()]
    return f"{{{', '.join(members)}}}".encode()
