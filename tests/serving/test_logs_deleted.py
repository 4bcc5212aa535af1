"""The disk that the audit log may take: what is deleted of it is counted and told, by the service as it runs."""

import time
from dataclasses import replace
from pathlib import Path

import httpx

from configs.service import ServiceSettings
from experiments.runs import Deployment
from experiments.server import free_port, running
from serving.safety.audit import SIZE

COUNTED = 'augury_log_deleted_total{log="audit"} 1.0'


def test_the_oldest_file_is_deleted_by_the_setting_and_an_operator_hears_of_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Two files fit on .2 GB, and both are full before the service starts."""
    folder, log = tmp_path / "audit", tmp_path / "log"
    folder.mkdir()
    for name in ("audit.jsonl", "audit.1.jsonl"):
        with (folder / name).open("wb") as file:
            file.truncate(SIZE)
    settings = replace(deployment.settings, var=tmp_path, named_store=deployment.settings.store)
    service = ServiceSettings(dataset="shop", poll_seconds=0.1, audit_gb=0.2)
    with running(settings, service, port=free_port(), log=log) as url:
        before = httpx.get(f"{url}/metrics").text
        assert COUNTED.replace("1.0", "0.0") in before
        assert 'augury_log_deleted_total{log="shadow"} 0.0' in before
        httpx.get(f"{url}/v1/models")
        deadline = time.monotonic() + 10
        while COUNTED not in (told := httpx.get(f"{url}/metrics").text) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert COUNTED in told
    assert sorted(path.name for path in folder.iterdir()) == ["audit.1.jsonl", "audit.jsonl"]
    assert (folder / "audit.jsonl").stat().st_size < 1_000
    assert "the disk that the audit log may take is full" in log.read_text()
