"""Settings: a few variables, and what they lead to."""

from pathlib import Path

import pytest

from configs.settings import SILENCE, Settings


def test_by_default_everything_lies_in_var_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.read({})
    assert settings == Settings(tmp_path / "var", f"sqlite:///{tmp_path}/var/mlflow.db")
    assert settings.runs == tmp_path / "var" / "mlartifacts"
    assert settings.scored("churn") == tmp_path / "var" / "scored" / "churn"
    assert list(tmp_path.iterdir()) == []


def test_a_deployment_says_otherwise(tmp_path: Path) -> None:
    settings = Settings.read({"AUGURY_VAR": str(tmp_path / "out"), "AUGURY_MLFLOW": "http://mlflow.example:5000"})
    assert (settings.var, settings.mlflow) == (tmp_path / "out", "http://mlflow.example:5000")
    assert Settings.read({"AUGURY_VAR": str(tmp_path)}).mlflow == f"sqlite:///{tmp_path}/mlflow.db"


def test_what_is_empty_is_not_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.read({"AUGURY_VAR": "", "AUGURY_MLFLOW": ""}) == Settings.read({})


def test_a_relative_folder_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.read({"AUGURY_VAR": "out"}).var == tmp_path / "out"


def test_the_store_is_a_folder_in_var_another_or_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.read({}).store == f"{tmp_path}/var/store"
    assert Settings.read({"AUGURY_STORE": ""}).store == f"{tmp_path}/var/store"
    assert Settings.read({"AUGURY_VAR": "out"}).store == f"{tmp_path}/out/store"
    assert Settings.read({"AUGURY_STORE": "/mnt/fast"}).store == "/mnt/fast"
    assert Settings.read({"AUGURY_STORE": "fast"}).store == f"{tmp_path}/fast"
    settings = Settings.read({"AUGURY_STORE": "rediss://me:secret@shop.example/2"})
    assert settings.store == "rediss://me:secret@shop.example/2"
    assert "secret" not in repr(settings)


def test_packed_models_are_served_where_somebody_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.read({}).pack is None
    assert Settings.read({"AUGURY_PACK": ""}).pack is None
    assert Settings.read({"AUGURY_PACK": "build/pack"}).pack == tmp_path / "build" / "pack"
    assert Settings.read({"AUGURY_PACK": "/srv/pack"}).pack == Path("/srv/pack")


def test_keys_are_those_in_var_where_there_are_any(tmp_path: Path) -> None:
    settings = Settings.read({"AUGURY_VAR": str(tmp_path)})
    assert (settings.keys_file, settings.keys) == (tmp_path / "keys.json", None)
    settings.keys_file.write_text("{}")
    assert settings.keys == tmp_path / "keys.json"


def test_a_file_of_keys_that_is_named_is_never_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not there is a mistake then: a service must not answer everybody for it. Links stay links."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("named.json", "link"):
        settings = Settings.read({"AUGURY_KEYS": name})
        assert settings.keys == settings.keys_file == tmp_path / name
    assert Settings.read({"AUGURY_KEYS": "", "AUGURY_VAR": str(tmp_path)}).keys is None


def test_the_environment_is_read_when_it_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUGURY_VAR", str(tmp_path))
    assert Settings.read().var == tmp_path


def test_nobody_is_told_of_our_runs() -> None:
    assert SILENCE["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert SILENCE["BENTOML_DO_NOT_TRACK"] == "True"
    assert all(isinstance(value, str) for value in SILENCE.values())
