"""What a deployment says of its service."""

import pytest

from configs.service import ServiceSettings


def test_nothing_said_is_one_worker_for_all_datasets() -> None:
    assert ServiceSettings.read({}) == ServiceSettings()
    assert ServiceSettings.read({"AUGURY_DATASET": "", "AUGURY_MAX_AGE_DAYS": "", "AUGURY_WORKERS": ""}) == (
        ServiceSettings()
    )


@pytest.mark.parametrize(
    "said",
    [
        ServiceSettings(),
        ServiceSettings("shop", 1.5, 0.05, 2.0, 0.25, 4, 0.5),
        ServiceSettings(max_age_days=0.0, workers=1024),
    ],
)
def test_its_environment_says_the_same(said: ServiceSettings) -> None:
    assert ServiceSettings.read(said.environment) == said
    inherited = {"AUGURY_DATASET": "bank", "AUGURY_MAX_AGE_DAYS": "9", "AUGURY_WORKERS": "7", "AUGURY_AUDIT_GB": "3"}
    assert ServiceSettings.read({**inherited, **said.environment}) == said


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AUGURY_POLL_SECONDS", "soon", "AUGURY_POLL_SECONDS is 'soon'; give a number"),
        ("AUGURY_POLL_SECONDS", "0", "AUGURY_POLL_SECONDS is 0; give a number from 0.05 to 1e+09"),
        ("AUGURY_TIMEOUT_SECONDS", "-1", "AUGURY_TIMEOUT_SECONDS is -1; give a number from 0.05"),
        ("AUGURY_TIMEOUT_SECONDS", "nan", "AUGURY_TIMEOUT_SECONDS is nan; give a number from 0.05"),
        ("AUGURY_MAX_AGE_DAYS", "-0.1", "AUGURY_MAX_AGE_DAYS is -0.1; give a number from 0"),
        ("AUGURY_SHADOW", "1.01", "AUGURY_SHADOW is 1.01; give a number from 0 to 1"),
        ("AUGURY_WORKERS", "0", "AUGURY_WORKERS is 0; give a number from 1 to 1024"),
        ("AUGURY_WORKERS", "2.5", "AUGURY_WORKERS is '2.5'; give a whole number"),
        ("AUGURY_AUDIT_GB", "0.1", "AUGURY_AUDIT_GB is 0.1; give a number from 0.2 to 1e+06"),
        ("AUGURY_AUDIT_GB", "all", "AUGURY_AUDIT_GB is 'all'; give a number"),
    ],
)
def test_what_is_no_such_number_is_refused(variable: str, value: str, told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("+", r"\+")):
        ServiceSettings.read({variable: value})
