"""Cost sheets: what they may say, and what they are told where they say something else."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from configs import costs
from configs.costs import CostSheet, cost_names, read_costs
from configs.registry import UnknownName
from configs.toml import ConfigError


def _read(folder: Path, text: str) -> CostSheet:
    path = folder / "sheet.toml"
    path.write_text('title = "a sheet"\n' + text)
    return read_costs(str(path))


def test_every_sheet_reads() -> None:
    assert cost_names() == ["complete_journey", "simulated"]
    assert all(read_costs(name).title for name in cost_names())


def test_the_example_of_the_docs_reads(tmp_path: Path) -> None:
    example = str(costs.__doc__).partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "example.toml"
    path.write_text(example)
    sheet = read_costs(str(path))
    assert (sheet.since, sheet.until) == (date(2025, 1, 1), date(2026, 1, 1))
    assert sheet.payment.channels == {"web": Decimal("0.019")}
    assert sheet.contact.default is None
    assert sheet.acquisition[0].amount == 12000


def test_nothing_said_costs_nothing(tmp_path: Path) -> None:
    sheet = _read(tmp_path, "")
    assert {rates.default for rates in sheet.rates.values()} == {Decimal(0)}
    assert (sheet.product.share, sheet.administration, sheet.not_attributed, sheet.decimals) == (None, None, {}, 2)


def test_a_sheet_beside_a_file_is_found_before_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('title = "own"\n')
    assert read_costs("own.toml", folder=tmp_path).title == "own"
    assert read_costs("simulated", folder=tmp_path) == read_costs("simulated")
    with pytest.raises(UnknownName, match="unknown cost sheet 'simulate'; did you mean 'simulated'"):
        read_costs("simulate")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[order]\ndefualt = 1", "unknown key 'order.defualt'; did you mean 'order.default'"),
        ("[payment]\ndefault = 0.00015", "payment.default = 0.00015: .* no more than 4 decimal places"),
        ("[payment]\ndefault = 1.5", "payment.default = 1.5: .* less than or equal to 1"),
        ("[order]\nchannels.web = -1", "order.channels.web = -1: .* greater than or equal to 0"),
        ("[product]\nshare = nan", "product.share = nan: .* finite number"),
        ("[product]\nof = 'list'", "product.of = 'list': .* 'net' or 'gross'"),
        ("since = 2025-01-01", "say both since and until"),
        ("since = 2025-01-01\nuntil = 2025-01-01", "the period ends .2025-01-01. before it begins"),
        ("[administration]\namount = 5", "administration and not_attributed are of a period: say since and until"),
        ("[not_attributed]\nrent = 5", "administration and not_attributed are of a period"),
        (
            "[[acquisition]]\nchannel = 'web'\nsince = 2025-02-01\nuntil = 2025-01-01\namount = 1",
            "acquisition.0: the period ends .2025-01-01. before it begins .2025-02-01.",
        ),
        ("[economics]\ndiscount = 0", "economics.discount = 0: .* greater than 0"),
        ("decimals = 5", "decimals = 5: .* less than or equal to 4"),
    ],
)
def test_what_no_sheet_says(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        _read(tmp_path, text)
