"""`playhead contracts …`: what each event and table promises."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words
from playhead.cli_start import complete_contract
from playhead.contracts.compatibility import Mode
from playhead.errors import ContractError, SettingsError

app = typer.Typer(help="What each event and table promises.", no_args_is_help=True)

_LISTED = ("name", "grain", "columns", "writer", "owner")
_BROKEN = ("contract", "field", "what", "mode", "since")
_SHOW_SHAPE = "an object: name, columns (name, type, description, required, is_key, enum, …) and conditions"


@app.command("list")
def contracts_list(as_json: Annotated[bool, json_option(f"an array with an object for each: {', '.join(_LISTED)}")] = False) -> None:
    """List every event type and table, with grain, writer and owner.

    Examples:
      playhead contracts list
    """
    from playhead.contracts.model import event_types, load_contract, table_names

    promised = [load_contract(name) for name in table_names()]
    rows = [(each.name, each.grain, len(each.columns), each.writer, each.owner) for each in promised]
    rows += [(f"event {each.name}", f"topic {each.topic}", len(each.columns), "players", "") for each in event_types().values()]
    if as_json:
        print_json([dict(zip(_LISTED, row, strict=True)) for row in rows])
        return
    table = Table(*_LISTED)
    for row in rows:
        table.add_row(*map(str, row))
    answers.print(table)


@app.command("show")
def contracts_show(
    name: Annotated[
        str, typer.Argument(help="A table (silver.playbacks) or an event type (video_play).", autocompletion=complete_contract)
    ],
    as_json: Annotated[bool, json_option(_SHOW_SHAPE)] = False,
) -> None:
    """Show the columns of one table or event type, with what is demanded.

    Examples:
      playhead contracts show silver.playbacks
      playhead contracts show video_play --json
    """
    from playhead.contracts.model import event_types, load_contract, table_names

    event_type = event_types().get(name)
    if event_type is None and name not in table_names():
        raise SettingsError(f"no contract is called {name!r}; list them with `playhead contracts list`")
    contract = None if event_type else load_contract(name)
    described = event_type or load_contract(name)
    if as_json:
        print_json({part: asdict(described)[part] for part in ("name", "columns", "conditions")})
        return
    if contract is not None:
        answers.print(f"{contract.name}: {contract.description} {contract.grain}; partitioned by {contract.partition}.", highlight=False)
    table = Table("column", "type", "required", "key", "personal data", "meaning")
    for column in described.columns:
        marks = ("yes" if column.required else "", "yes" if column.is_key else "")
        table.add_row(column.name, column.type, *marks, column.classification or "", column.description)
    answers.print(table)
    for condition in described.conditions:
        answers.print(f"{condition.name}: {condition.description}", highlight=False)


@app.command("reference")
def contracts_reference(write: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None) -> None:
    """Print all contracts as one Markdown page.

    Examples:
      playhead contracts reference
      playhead contracts reference --write docs/tables.md
    """
    from playhead.contracts.reference import render_reference
    from playhead.jobs.registry import BUILDS

    page = render_reference({name: build.inputs for name, build in BUILDS.items()})
    if write is None:
        typer.echo(page, nl=False)
    else:
        write.write_text(page, encoding="utf-8")
        words.print(f"{write} written", highlight=False, soft_wrap=True)


@app.command("check")
def contracts_check(
    against: Annotated[str, typer.Option(help="The git commit, branch or tag whose readers and data must go on working.")],
    mode: Annotated[Mode | None, typer.Option(help="One mode for all; by default FULL_TRANSITIVE for events, FULL for tables.")] = None,
    as_json: Annotated[bool, json_option(f"an array with an object for each broken field: {', '.join(_BROKEN)}")] = False,
) -> None:
    """Compare the contracts with those of an earlier commit.

    Exit code 1 where readers or data of it would break, naming the field. A contract that means to break raises its major version.

    Examples:
      playhead contracts check --against main
    """
    from playhead.contracts.history import check_contracts

    found = check_contracts(Path(str(files("playhead.contracts"))), against, mode)
    if as_json:
        broken = [(each.name, field.field, field.what, each.mode, each.since) for each in found for field in each.breaks]
        print_json([dict(zip(_BROKEN, row, strict=True)) for row in broken])
    else:
        for each in found:
            for field in each.breaks:
                answers.print(f"{each.name}: {field} ({each.mode}, since {each.since})", highlight=False, soft_wrap=True)
    if found:
        raise ContractError(
            f"{len(found)} contracts are not compatible with {against}: make the change another way, or raise their major version"
        )
    if not as_json:
        answers.print(f"All contracts are compatible with {against}.", highlight=False)


@app.command("suites")
def contracts_suites(
    directory: Annotated[Path | None, typer.Option(help="The Great Expectations context; by default the one beside the package.")] = None,
) -> None:
    """Write the Great Expectations suites again, as the contracts say now.

    Examples:
      playhead contracts suites
    """
    from playhead.quality.gate import CONTEXT_ROOT
    from playhead.quality.suites import write_suites

    written = write_suites(directory or CONTEXT_ROOT)
    words.print(f"{len(written)} suites written to {written[0].parent}", highlight=False)
