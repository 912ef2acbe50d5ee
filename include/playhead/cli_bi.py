"""`playhead bi-files`: connection files for Power BI and Tableau."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playhead.cli_output import answers
from playhead.cli_start import settings
from playhead.errors import SettingsError

# What sql/snowflake_only makes for those who read.
_WAREHOUSE = _ROLE = "PLAYHEAD_BI"


def bi_files(
    directory: Annotated[Path, typer.Argument(help="Where to write them; made when missing.")] = Path("bi"),
) -> None:
    """Write files that open the BI views in Power BI and Tableau.

    One for Power BI, and for Tableau one for each view. They name the Snowflake account of PLAYHEAD_WAREHOUSE_ACCOUNT, and hold no user and
    no password: both ask. The embedded warehouse speaks to Snowflake's connector only.

    Examples:
      playhead bi-files
      playhead bi-files ~/Desktop/playhead
    """
    from playhead.io.snowflake import is_embedded
    from playhead.warehouse.bi_files import power_bi_file, tableau_file
    from playhead.warehouse.schema import view_names

    values = settings()
    if is_embedded(values):
        raise SettingsError(
            "Power BI and Tableau reach a Snowflake account, not the embedded warehouse; set PLAYHEAD_PROFILE=production and "
            "PLAYHEAD_WAREHOUSE_ACCOUNT, or look at the dashboard of `playhead up`"
        )
    account, warehouse, role = values.warehouse_account, values.warehouse_name or _WAREHOUSE, values.warehouse_role or _ROLE
    files = {"playhead.pbids": power_bi_file(account, warehouse)}
    for view in view_names():
        files[f"{view.split('.')[1].lower()}.tds"] = tableau_file(view, account, warehouse, values.warehouse_database, role)
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    answers.print(f"{len(files)} files written to {directory}", highlight=False, soft_wrap=True)
