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

    from playhead.contracts.shapes import Contract
    from playhead.quality.profile import PartitionProfile

logger = logging.getLogger(__name__)

_PARTITION = "partition"
_WITH_THE_MOST = "BASIC"  # how often the partition breaks a rule that breaks it most often, for Data Docs
# The context that is committed beside the package; an installed wheel has none and derives it again.
CONTEXT_ROOT = Path(playhead.__file__).parents[2] / "great_expectations"
_CONFIG = "great_expectations.yml"
_SITE = "local_site"


class Gate:
    """Judges profiles with the suites of one context. Use it as made by `open_gate`."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._source = context.data_sources.add_pandas("profiles")
        self._definitions: dict[str, Any] = {}
        self._judged: list[Any] = []
        self._pages: dict[str, str] = {}

    def prepare(self, contract: Contract) -> None:
        """Get ready to judge a table, which takes as long as judging it; done while its profile is awaited, it costs nothing."""
        if contract.name not in self._definitions:
            self._definitions[contract.name] = self._definition(contract)

    def refused(self, contract: Contract, profiles: Sequence[PartitionProfile], run_name: str) -> dict[str, list[str]]:
        """Partitions that break rules, with the codes of those rules."""
        if not profiles:
            return {}
        self.prepare(contract)
        frame, run_id = profile_frame(contract, profiles), _run_identifier(run_name)
        validation = self._definitions[contract.name].run(
            batch_parameters={"dataframe": frame}, run_id=run_id, result_format=_WITH_THE_MOST
        )
        self._remember(contract, run_id, validation)
        refused: dict[str, list[str]] = {}
        for outcome in validation.results:
            if not outcome.success:
                code = str(outcome.expectation_config.kwargs["column"])
                if code not in frame:
                    raise ContractError(
                        f"the suite {suite_name(contract.name)} expects {code}, which its contract does not demand (any more); "
                        "write the suites again with `playhead contracts suites`"
                    )
                broken = frame.loc[frame[code] != 0, _PARTITION]
                if broken.empty:
                    raise ContractError(f"the suite {suite_name(contract.name)} could not judge {code}: {outcome.exception_info}")
                for key in broken:
                    refused.setdefault(str(key), []).append(code)
        return refused

    def page(self, contract: Contract) -> str:
        """Where Data Docs, once written, say what was found of a table that was judged; a path within them."""
        return self._pages[contract.name]

    def write_docs(self) -> None:
        """Render what was judged, once for all tables: the site's index takes as long as any of them."""
        if self._judged:
            self._context.build_data_docs(site_names=[_SITE], resource_identifiers=self._judged)

    def _definition(self, contract: Contract) -> Any:
        import great_expectations as gx

        name = suite_name(contract.name)
        batch = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("partitions")
        suite = self._context.suites.get(name)
        return self._context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))

    def _remember(self, contract: Contract, run_id: Any, validation: Any) -> None:
        """What Data Docs will show, and where."""
        from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier

        suite = ExpectationSuiteIdentifier(name=suite_name(contract.name))
        identifier = ValidationResultIdentifier(expectation_suite_identifier=suite, run_id=run_id, batch_identifier=validation.batch_id)
        self._judged += [identifier, suite]
        self._pages[contract.name] = "/".join(("validations", *identifier.to_tuple())) + ".html"


@contextmanager
def open_gate(docs: Path | None, context_root: Path = CONTEXT_ROOT) -> Iterator[Gate]:
    """A gate in a context of its own, in memory, with a copy of the suites of `context_root`.

    Its results go to `docs`, and are rendered there as Data Docs when the gate closes; None keeps nothing.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    with tempfile.TemporaryDirectory(prefix="playhead-gate-") as directory:
        context = gx.get_context(mode="ephemeral", project_config=_project_config(context_root, Path(directory), docs))
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        gate = Gate(context)
        try:
            yield gate
        finally:
            if docs is not None:
                gate.write_docs()


def profile_frame(contract: Contract, profiles: Sequence[PartitionProfile]) -> pd.DataFrame:
    """Profiles as the frame that suites judge: one row per partition, one column per rule with how often it is broken."""
    import pandas as pd

    rows = [
        {_PARTITION: profile.key, "rows_count": profile.rows_count} | {code: profile.broken.get(code, 0) for code in rule_codes(contract)}
        for profile in profiles
    ]
    return pd.DataFrame(rows)


def _project_config(context_root: Path, directory: Path, docs: Path | None) -> dict[str, Any]:
    """The committed configuration with its suites in `directory`: the library writes beside suites, and two runs may hold gates at once.

    An installed wheel has no such files and takes the library's configuration and the contracts' suites.
    """
    if (context_root / _CONFIG).is_file():
        shutil.copytree(context_root / "expectations", directory / "expectations")
        config: dict[str, Any] = yaml.safe_load((context_root / _CONFIG).read_text(encoding="utf-8"))
    else:
        from great_expectations.data_context.types.base import DataContextConfig, FilesystemStoreBackendDefaults

        write_suites(directory)
        config = DataContextConfig(store_backend_defaults=FilesystemStoreBackendDefaults()).to_json_dict()
    kept = directory if docs is None else docs.absolute()
    stores = config["stores"]
    stores["expectations_store"]["store_backend"]["base_directory"] = str(directory / "expectations")
    stores["validation_results_store"]["store_backend"]["base_directory"] = str(kept / "results")
    # Of no use to anybody once the gate is closed; a file of each would be written and parsed again for every table.
    for name in ("checkpoint_store", "validation_definition_store"):
        stores[name]["store_backend"] = {"class_name": "InMemoryStoreBackend"}
    config["data_docs_sites"][_SITE]["store_backend"]["base_directory"] = str(kept)
    return config


def _run_identifier(run_name: str) -> Any:
    from great_expectations.core.run_identifier import RunIdentifier

    return RunIdentifier(run_name=run_name)
