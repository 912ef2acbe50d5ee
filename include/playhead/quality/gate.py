"""The gate: a table's partition profile, judged by its Great Expectations suite; the verdict names partitions and rules."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import playhead
from playhead.errors import ContractError
from playhead.quality.contract_rules import rule_codes
from playhead.quality.suites import suite_name, write_suites

if TYPE_CHECKING:
    import pandas as pd

    from playhead.contracts.model import Contract
    from playhead.quality.profile import PartitionProfile

logger = logging.getLogger(__name__)

_PARTITION = "partition"
# The context that is committed beside the package; an installed wheel has none and derives it again.
CONTEXT_ROOT = Path(playhead.__file__).parents[2] / "great_expectations"
_CONFIG = "great_expectations.yml"


class Gate:
    """Judges profiles with the suites of one context. Use it as made by `open_gate`."""

    def __init__(self, context: Any, *, writes_docs: bool) -> None:
        self._context = context
        self._writes_docs = writes_docs
        self._source = context.data_sources.add_or_update_pandas("profiles")
        self._checkpoints: dict[str, Any] = {}

    def prepare(self, contract: Contract) -> None:
        """Get ready to judge a table, which takes as long as judging it; done while its profile is awaited, it costs nothing."""
        if contract.name not in self._checkpoints:
            self._checkpoints[contract.name] = self._checkpoint(contract)

    def refused(self, contract: Contract, profiles: Sequence[PartitionProfile], run_name: str) -> dict[str, list[str]]:
        """Partitions that break rules, with the codes of those rules."""
        if not profiles:
            return {}
        self.prepare(contract)
        result = self._checkpoints[contract.name].run(
            batch_parameters={"dataframe": profile_frame(contract, profiles)}, run_id=_run_identifier(run_name)
        )
        refused: dict[str, list[str]] = {}
        for validation in result.run_results.values():
            for outcome in validation.results:
                if not outcome.success:
                    code = str(outcome.expectation_config.kwargs["column"])
                    if "unexpected_index_list" not in outcome.result:
                        raise ContractError(
                            f"the suite {suite_name(contract.name)} expects {code}, which its contract does not demand (any more); "
                            "write the suites again with `playhead contracts suites`"
                        )
                    for row in outcome.result["unexpected_index_list"]:
                        refused.setdefault(str(row[_PARTITION]), []).append(code)
        return refused

    def _checkpoint(self, contract: Contract) -> Any:
        import great_expectations as gx
        from great_expectations.checkpoint import UpdateDataDocsAction

        name = suite_name(contract.name)
        asset = self._source.add_dataframe_asset(name)
        definition = gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_dataframe("partitions"), suite=self._context.suites.get(name)
        )
        return self._context.checkpoints.add_or_update(
            gx.Checkpoint(
                name=name,
                validation_definitions=[self._context.validation_definitions.add_or_update(definition)],
                actions=[UpdateDataDocsAction(name="update_data_docs", site_names=["local_site"])] if self._writes_docs else [],
                result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [_PARTITION]},
            )
        )


@contextmanager
def open_gate(docs: Path | None, context_root: Path = CONTEXT_ROOT) -> Iterator[Gate]:
    """A gate in a context of its own: a copy of `context_root` whose results and Data Docs go to `docs` (None keeps nothing).

    A copy, because the library writes into its context, which is committed, and two runs may hold gates at once.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    with tempfile.TemporaryDirectory(prefix="playhead-gate-") as directory:
        root = Path(directory)
        _copy_context(context_root, root, docs)
        context = gx.get_context(mode="file", context_root_dir=root)
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        yield Gate(context, writes_docs=docs is not None)


def profile_frame(contract: Contract, profiles: Sequence[PartitionProfile]) -> pd.DataFrame:
    """Profiles as the frame that suites judge: one row per partition, one column per rule with how often it is broken."""
    import pandas as pd

    rows = [
        {_PARTITION: profile.key, "rows_count": profile.rows_count} | {code: profile.broken.get(code, 0) for code in rule_codes(contract)}
        for profile in profiles
    ]
    return pd.DataFrame(rows)


def _copy_context(source: Path, target: Path, docs: Path | None) -> None:
    if (source / _CONFIG).is_file():
        shutil.copytree(source / "expectations", target / "expectations")
        config: dict[str, Any] = yaml.safe_load((source / _CONFIG).read_text(encoding="utf-8"))
        if docs is not None:
            config["stores"]["validation_results_store"]["store_backend"]["base_directory"] = str(docs.absolute() / "results")
            config["data_docs_sites"]["local_site"]["store_backend"]["base_directory"] = str(docs.absolute())
        (target / _CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")
    else:
        write_suites(target)


def _run_identifier(run_name: str) -> Any:
    from great_expectations.core.run_identifier import RunIdentifier

    return RunIdentifier(run_name=run_name)
