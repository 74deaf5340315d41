"""What the commands share: exit codes, output, options."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

OK, FAILED, FINDINGS, INTERRUPTED = 0, 1, 3, 130

notes = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def show(table: Table) -> None:
    """Print a table, as wide as it needs to be where nobody reads along."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
