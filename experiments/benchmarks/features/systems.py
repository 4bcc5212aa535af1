"""The systems that are measured: a module each, and the Python that runs it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from experiments.benchmarks import apart


@dataclass(frozen=True)
class System:
    """A module with `prepare(question, **options)`. A limit computes less than is asked, and nothing to compare."""

    module: str
    kind: Literal["ours", "peer", "limit"] = "peer"
    options: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()


SYSTEMS: Final[Mapping[str, System]] = {
    "augury kernel": System("augury", "ours", {"engine": "kernel"}),
    "augury sql": System("augury", "ours", {"engine": "duckdb"}),
    "polars by hand": System("polars_by_hand"),
    "pandas by hand": System("pandas_by_hand"),
    "DuckDB SQL by hand": System("duckdb_by_hand"),
    "lifetimes": System("lifetimes_summary"),
    "featuretools": System(
        "featuretools_dfs", requirements=("featuretools==1.31.0", "pandas==2.3.3", "pyarrow==25.0.1")
    ),
    "reading alone": System("scan_only", "limit"),
    "augury's door": System("augury_door", "limit"),
}


def python(system: System, var: Path) -> Path:
    """Give the interpreter that runs a system: this one, or that of an environment made for it under `var`."""
    if not system.requirements:
        return Path(sys.executable)
    return apart.python(system.module, system.requirements, var=var)
