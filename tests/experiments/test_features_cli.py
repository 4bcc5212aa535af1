"""`augury features`: the catalogue, a customer's numbers, frames and their rebuild, as their users call them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from configs.study import Study, read_study
from experiments import catalogue
from experiments.frames import is_study, study_cutoffs
from experiments.study import prepare
from features.cutoffs import spine
from features.datasets import load
from features.engine.candidates import top_categories
from features.engine.run import observe
from features.engine.stored import stored
from features.frame import frame
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS, available, chosen

Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]
PAIRS = ("--population", "new_category_91d", "--features", "affinity", "--cutoff", "2024-03-02", "--categories", "2")
ROWS = """customer_id,time,amount,category
a,2024-01-10T09:00:00,10.0,tea
a,2024-02-10T18:30:00,6.0,wine
a,2024-03-05T00:00:00,99.0,wine
b,2024-03-01T00:00:00,7.5,tea
b,2024-03-08T00:00:00,1.5,fish
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "sales.csv").write_text(ROWS)
    path = tmp_path / "shop.toml"
    path.write_text('zone = "Europe/Berlin"\nend = 2024-04-01\n[tables.transactions]\ncsv = "sales.csv"\n')
    return path


def test_the_committed_catalogue_is_current(augury: Augury) -> None:
    said = augury("features", "catalogue", "--check")
    assert (said.returncode, said.stdout) == (0, f"same as {catalogue.PAGE}\n")


def test_the_catalogue_is_written_and_a_difference_is_told(
    augury: Augury, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "docs" / "features.md"
    with monkeypatch.context() as patch:
        patch.setattr(catalogue.write_catalogue, "__kwdefaults__", {"path": path})
        early = augury("features", "catalogue", "--check")
        assert early.returncode == 1
        assert not path.exists()
        assert augury("features", "catalogue").stdout == f"written: {path}\n"
        assert path.read_bytes() == catalogue.PAGE.read_bytes()
        path.write_text(path.read_text().replace("Repeat purchase days", "Days"))
        late = augury("features", "catalogue", "--check")
        assert late.returncode == 1
        assert "Repeat purchase days" not in path.read_text()
        assert f"augury: {path} differs from the declarations; run `augury features catalogue`" in late.stderr


def test_the_page_has_everything_and_needs_nothing(augury: Augury, tmp_path: Path) -> None:
    page = tmp_path / "features.html"
    before = catalogue.PAGE.stat()
    assert augury("features", "catalogue", "--check", "--html", page).returncode == 0
    text = page.read_text()
    for name in (*FEATURES, *TARGETS, *POPULATIONS):
        assert f">{name}</h3>" in text
    assert text.count("<article>") == len(FEATURES) + len(TARGETS) + len(POPULATIONS)
    assert "count of purchases where discount &gt; 0" in text
    assert not any(word in text for word in ("http", "src=", "<link", "import ", "url(", "fetch("))
    assert catalogue.PAGE.stat().st_ino == before.st_ino


def test_explain_shows_rows_and_derivations(augury: Augury, shop: Path) -> None:
    """The row of 5 March, 0:00, lies at the cutoff."""
    arguments = ("--dataset", shop, "--cutoff", "2024-03-05", "--features", "spend_28d,silence_ratio", "--rows", "1")
    said = augury("features", "explain", "a", *arguments)
    assert said.returncode == 0
    lines = [line.rstrip() for line in said.stdout.splitlines()]
    assert lines[:2] == ["a at 2024-03-05, Europe/Berlin time", "purchases: 1 of 2 rows known"]
    assert "wine" in said.stdout
    assert "tea" not in said.stdout
    assert "99" not in said.stdout
    assert "not shown: 1 earlier, 1 at the cutoff or after it" in lines
    assert lines[lines.index("spend_28d = 6   [currency]") + 1] == (
        "    sum(amount) of purchases within 28 days = 6, of 1 row in [2024-02-06, 2024-03-05)"
    )
    assert lines[lines.index("silence_ratio = 0.774193548387   [ratio]") + 1 :] == [
        "  (min(age_days) of purchases) / (mean(gap_days) of days of purchases)",
        "    min(age_days) of purchases = 24, of 2 rows in [the beginning, 2024-03-05)",
        "    mean(gap_days) of days of purchases = 31, of 2 rows in [the beginning, 2024-03-05)",
    ]


def test_explain_takes_every_feature_there_are_columns_for_at_the_end(augury: Augury, shop: Path) -> None:
    def shown(*arguments: str) -> set[str]:
        said = augury("features", "explain", "b", "--dataset", shop, *arguments)
        assert said.returncode == 0
        assert said.stdout.startswith("b at 2024-04-01, Europe/Berlin time")
        return {line.split(" = ")[0] for line in said.stdout.splitlines() if line[:1].isalpha() and "   [" in line}

    there = available(load(str(shop)))
    assert shown("--category", "tea") == {each.name for each in there}
    alone = {each.name for each in there if not each.by}
    assert shown() == alone
    assert {"top_category", "categories_91d"} <= alone
    assert len(alone) < len(there) < len(FEATURES)


def test_a_cutoff_with_an_offset_is_the_datasets_local_time(augury: Augury, shop: Path) -> None:
    arguments = ("--dataset", shop, "--features", "spend")
    said = augury("features", "explain", "a", *arguments, "--cutoff", "2024-02-10T17:30:00+00:00")
    assert said.stdout.startswith("a at 2024-02-10 18:30:00, Europe/Berlin time")
    assert "spend = 10   [currency]" in said.stdout
    later = augury("features", "explain", "a", *arguments, "--cutoff", "2024-02-10T17:30:01+00:00")
    assert "spend = 16   [currency]" in later.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["explain", "c", "--dataset", "SHOP"], "shop has no row of a customer 'c'"),
        (["explain", "a", "--dataset", "cdnw"], "unknown dataset 'cdnw'; did you mean 'cdnow'"),
        (["explain", "a", "--dataset", "SHOP", "--features", "spent"], "unknown feature 'spent'; did you mean 'spend'"),
        (["explain", "a", "--dataset", "SHOP", "--features", "affinity"], "say which category"),
        (["explain", "a", "--dataset", "SHOP", "--cutoff", "soon"], "the cutoff 'soon' is not an ISO time such as"),
        (["explain", "a", "--dataset", "SHOP", "--cutoff", "2024-04-02"], "lies beyond the data of shop"),
        (["build", "nowhere"], "unknown dataset 'nowhere'"),
        (["build", "SHOP", "--population", "knwon"], "unknown population 'knwon'; did you mean 'known'"),
        (["build", "SHOP", "--population", "new_category_91d"], "is per category: say how many, as in --categories 20"),
        (["build", "SHOP", "--cutoff", "2024-13-01"], "the cutoff '2024-13-01' is not an ISO time"),
        (["rebuild", "FOLDER"], "there is no manifest.json in"),
    ],
)
def test_an_error_is_said_and_ends_with_1(
    arguments: list[str], told: str, augury: Augury, shop: Path, tmp_path: Path
) -> None:
    words = {"SHOP": str(shop), "FOLDER": str(tmp_path)}
    said = augury("features", *(words.get(word, word) for word in arguments))
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.splitlines()[-1].startswith("augury: ")
    assert told in said.stderr
    assert "Traceback" not in said.stderr


def test_data_that_break_the_contract_end_with_40(augury: Augury, shop: Path, tmp_path: Path) -> None:
    said = augury("features", "build", shop, "--features", "discount", "--to", tmp_path / "built")
    assert said.returncode == 40
    assert "discount_share needs the columns ['discount'] of transactions" in said.stderr
    assert not (tmp_path / "built").exists()


def test_a_dataset_is_built_for_everybody_at_its_end(augury: Augury, shop: Path, var: Path) -> None:
    said = augury("features", "build", shop)
    assert said.returncode == 0
    assert "5/5" in said.stderr
    folder = var / "frames" / "shop"
    found, manifest = stored(folder), json.loads((folder / "manifest.json").read_text())
    assert said.stdout == (
        f"2 rows of {len(manifest['columns'])} features at 1 cutoffs: {folder}\nsnapshot {manifest['snapshot']}\n"
    )
    assert manifest["dataset"] == str(shop)
    assert found["customer_id"].tolist() == ["a", "b"]
    assert set(found["cutoff"]) == {pd.Timestamp("2024-04-01")}
    assert list(found)[2:] == [each.name for each in available(load(str(shop))) if not each.by]
    assert found["spend"].tolist() == [115.0, 9.0]


@pytest.mark.parametrize("engine", ["kernel", "duckdb"])
def test_options_say_what_is_built(engine: str, augury: Augury, shop: Path, tmp_path: Path) -> None:
    asked = ("--population", "active_28d", "--features", "rfm, spend_28d", "--engine", engine)
    cutoffs = ("--cutoff", "2024-03-10", "--cutoff", "2024-02-15T12:00:00")
    assert augury("features", "build", shop, *asked, *cutoffs, "--to", tmp_path / "built").returncode == 0
    found = stored(tmp_path / "built")
    keys = list(zip(found["customer_id"], map(str, found["cutoff"]), strict=True))
    assert keys == [("a", "2024-02-15 12:00:00"), ("a", "2024-03-10 00:00:00"), ("b", "2024-03-10 00:00:00")]
    assert list(found)[2:] == [each.name for each in chosen(["rfm", "spend_28d"])]
    assert found["spend_28d"].tolist() == [6.0, 99.0, 9.0]
    manifest = json.loads((tmp_path / "built" / "manifest.json").read_text())
    assert manifest["of"]["engine"] == engine
    assert augury("features", "rebuild", tmp_path / "built").returncode == 0


def test_pairs_are_of_the_categories_most_bought_before_the_first_cutoff(
    augury: Augury, shop: Path, tmp_path: Path
) -> None:
    """By 2 March tea and wine were bought; afterwards fish is, which comes before wine."""
    assert augury("features", "build", shop, *PAIRS, "--to", tmp_path / "built").returncode == 0
    history = load(str(shop))
    categories = top_categories(history, before=pd.Timestamp("2024-03-02"), count=2)
    assert categories == ["tea", "wine"]
    assert top_categories(history, before=history.end, count=2) == ["tea", "fish"]
    asked = spine(history, POPULATIONS["new_category_91d"], [pd.Timestamp("2024-03-02")], categories=categories)
    expected = observe(history, asked, chosen(["affinity"]))
    pd.testing.assert_frame_equal(stored(tmp_path / "built"), expected, check_dtype=False, check_like=True)


def test_a_study_is_built_at_its_training_and_test_cutoffs(augury: Augury, small_study: Path, var: Path) -> None:
    """The frame is what its models are trained and tested on."""
    said = augury("features", "build", small_study)
    assert said.returncode == 0
    (part,) = prepare("small", read_study(str(small_study)), step=lambda name: None).splits.parts
    expected = pd.concat([part.train.X, part.test.X], ignore_index=True)
    pd.testing.assert_frame_equal(stored(var / "frames" / "small"), expected, check_dtype=False)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"lead_days": 9},
        {"target": None, "horizon_days": None, "champion": "segments"},
        {"target": "future_spend", "learn_days": 14},
    ],
)
def test_cutoffs_of_a_study_are_all_that_it_trains_and_tests_on(simulated: History, changed: dict[str, object]) -> None:
    said = {
        "title": "Small",
        "dataset": "simulated",
        "population": "known",
        "target": "churned",
        "horizon_days": 28,
        "features": ["rfm"],
        "models": {"boosted": {}, "segments": {}},
        "cutoffs": {"first": "2024-10-01", "step_days": 25, "test": ["2024-12-08", "2025-01-05"]},
    }
    asked = Study.model_validate({**said, **changed})
    parts = prepare("small", asked, step=lambda name: None, history=simulated).splits.parts
    expected = {cutoff for part in parts for data in (part.train, part.test) for cutoff in data.X["cutoff"]}
    assert study_cutoffs(asked, simulated) == sorted(expected)


def test_options_beat_the_study(augury: Augury, small_study: Path, tmp_path: Path) -> None:
    options = ("--cutoff", "1998-01-31", "--features", "spend", "--population", "active_28d")
    assert augury("features", "build", small_study, *options, "--to", tmp_path / "built").returncode == 0
    found = stored(tmp_path / "built")
    assert list(found) == ["customer_id", "cutoff", "spend"]
    assert set(found["cutoff"]) == {pd.Timestamp("1998-01-31")}
    assert 0 < len(found) < 2357


def test_a_rebuild_is_the_same_until_the_data_are_not(augury: Augury, shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    augury("features", "build", shop, "--to", folder)
    said = augury("features", "rebuild", folder)
    assert (said.returncode, said.stdout) == (0, f"same as {folder}, byte for byte\n")
    (tmp_path / "sales.csv").write_text(ROWS.replace("7.5", "7.25"))
    other = augury("features", "rebuild", folder)
    assert other.returncode == 1
    lines = other.stderr.splitlines()
    assert f"augury: {folder} is not what is built now:" in lines
    assert any(line.startswith("- files: cutoff=2024-04-01T00:00:00/part-0000.parquet: ") for line in lines)
    assert any(line.startswith("- data fingerprint was ") for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built", "sales.csv", "shop.toml"]


def test_check_ends_with_its_code(augury: Augury, shop: Path, tmp_path: Path) -> None:
    """The report itself has its own tests."""
    page = tmp_path / "page.html"
    fine = augury("features", "check", "cdnow_sample", "--html", page)
    assert fine.returncode in (0, 10)
    assert page.is_file()
    (tmp_path / "sales.csv").write_text(ROWS.replace("7.5", "-7.5"))
    broken = augury("features", "check", shop, "--json")
    assert broken.returncode == 40
    errors = [finding for finding in json.loads(broken.stdout)["findings"] if finding["severity"] == "error"]
    assert [(finding["table"], finding["column"], finding["rows"]) for finding in errors] == [
        ("transactions", "amount", 1)
    ]


def test_check_tells_of_text_among_the_amounts_of_a_csv(augury: Augury, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(ROWS.replace("7.5", "free"))
    said = augury("features", "check", shop, "--json")
    assert said.returncode == 40
    (error,) = [each for each in json.loads(said.stdout)["findings"] if each["severity"] == "error"]
    assert (error["check"], error["column"], error["rows"]) == ("text_for_number", "amount", 1)


def test_a_name_is_a_studys_or_a_datasets(small_study: Path, shop: Path) -> None:
    assert [is_study(name) for name in ("cdnow_churn", "cdnow", str(small_study), str(shop), "no.toml")] == [
        True,
        False,
        True,
        False,
        False,
    ]


@pytest.fixture
def arrived(tmp_path: Path) -> Path:
    """Rows that come with the first of April: of a new customer, and two late ones."""
    header = ROWS.splitlines()[0]
    (tmp_path / "new.csv").write_text(
        f"{header}\nc,2024-04-01T10:00:00,3.0,tea\na,2024-02-10T18:30:00,2.5,soap\nb,2024-03-20T00:00:00,1.0,tea\n"
    )
    path = tmp_path / "new.toml"
    path.write_text('zone = "Europe/Berlin"\nend = 2024-04-02\n[tables.transactions]\ncsv = "new.csv"\n')
    return path


def test_tomorrows_frame_is_that_of_all_rows(augury: Augury, shop: Path, arrived: Path, tmp_path: Path) -> None:
    kept, written = tmp_path / "kept", tmp_path / "tomorrow.parquet"
    said = augury("features", "keep", shop, "--to", kept)
    features = [each for each in available(load(str(shop))) if not each.by and not each.sql_only]
    assert said.returncode == 0
    told = f"{len(features)} features of whoever is known, until 2024-04-01 00:00:00: {kept}"
    assert said.stdout.splitlines()[0] == told
    assert augury("features", "add", kept, arrived).stdout == f"{kept}: until 2024-04-02 00:00:00\n"
    said = augury("features", "tomorrow", kept, "--to", written)
    assert said.stdout == f"3 rows of {len(features)} features at 2024-04-02 00:00:00: {written}\n"
    new = (tmp_path / "new.csv").read_text().partition("\n")[2]
    (tmp_path / "sales.csv").write_text(ROWS + new)
    shop.write_text(shop.read_text().replace("2024-04-01", "2024-04-02"))
    expected = frame(load(str(shop)), [pd.Timestamp("2024-04-02")], population=POPULATIONS["known"], features=features)
    pd.testing.assert_frame_equal(pd.read_parquet(written), expected, check_exact=True)


def test_a_study_is_kept_with_its_population_and_features(
    augury: Augury, small_study: Path, tmp_path: Path, var: Path
) -> None:
    said = augury("features", "keep", small_study, "--to", tmp_path / "small_kept")
    assert said.stdout.startswith(f"{len(chosen(['rfm']))} features of whoever is known, until 1998-07-01 00:00:00: ")
    said = augury("features", "tomorrow", tmp_path / "small_kept", "--cutoff", "1998-01-31T12:00:00")
    assert said.returncode == 0
    found = pd.read_parquet(var / "frames" / "small_kept.parquet")
    history, cutoff = load("cdnow_sample"), pd.Timestamp("1998-01-31T12:00:00")
    expected = frame(history, [cutoff], population=POPULATIONS["known"], features=chosen(["rfm"]))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_rows_that_were_added_are_not_added_again(augury: Augury, shop: Path, arrived: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    augury("features", "keep", shop, "--to", kept)
    augury("features", "add", kept, arrived)
    for arguments, told in [
        (("add", kept, arrived), "these rows of new until 2024-04-02 00:00:00 were added already; nothing is changed"),
        (("keep", shop, "--to", kept), f"{kept} is there and is not empty; name another folder"),
        (("add", tmp_path / "none", arrived), f"there is nothing kept at {tmp_path / 'none'}; build it first"),
        (("tomorrow", kept, "--cutoff", "2024-04-03"), "lies after what is kept, which ends at 2024-04-02 00:00:00"),
        (("keep", shop, "--features", "affinity", "--to", tmp_path / "pairs"), "is not kept, leave out ['categ"),
    ]:
        said = augury("features", *arguments)
        assert (said.returncode, said.stdout) == (1, "")
        assert told in said.stderr
        assert "Traceback" not in said.stderr
    assert not (tmp_path / "pairs").exists()
    assert augury("features", "tomorrow", kept).stdout.startswith("3 rows")
