"""docs/serving.md: every line of curl and every piece of Python on the page does what it says, on a running service."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from configs.service import ServiceSettings
from experiments.server import ROOT
from serving.client.errors import ERRORS
from tests.serving.client.conftest import Keyed

PAGE = ROOT / "docs" / "serving.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
OURS = {
    "complete_journey_": "shop_",
    '"363"': '"C0000001"',
    '"865"': '"C0000002"',
    "BEEF": "meat",
    "CHEESE": "cheese",
}
"""The demo's names, and those of the shop of these tests."""
CURL = re.compile(r"^curl -s .*?(?=^curl|\Z)", re.MULTILINE | re.DOTALL)
LINES = [line for kind, block in BLOCKS if kind == "sh" for line in CURL.findall(block)]


def of_the_shop(text: str, url: str) -> str:
    for name, ours in OURS.items():
        text = text.replace(name, ours)
    return text.replace("http://127.0.0.1:3000", url)


def test_there_is_a_line_for_each_route() -> None:
    paths = [re.findall(r"http://127.0.0.1:3000(\S+)", line) for line in LINES]
    assert [path for mine in paths for path in mine] == [
        *("/v1/models", "/v1/score", "/v1/score/payload", "/v1/score/payload", "/v1/bulk", "/v1/offers"),
        *("/livez", "/readyz", "/metrics", "/openapi.json"),
    ]


@pytest.mark.parametrize("line", LINES, ids=lambda line: re.findall(r":3000(\S+)", line)[0])
def test_curl(line: str, keyed: Keyed) -> None:
    command = of_the_shop(line, keyed.url).replace("curl -s", "curl -s --fail-with-body --max-time 60")
    done = subprocess.run(["bash", "-c", command], env={"AUGURY_KEY": keyed.all}, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    if "/metrics" in line:
        assert b"augury_requests_total" in done.stdout
        return
    answer = json.loads(done.stdout)
    results = answer.get("results", [answer])
    assert [each["refusal"] for each in results if "refusal" in each] == ["unknown"] * line.count("nobody")
    assert results


def test_python(keyed: Keyed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AUGURY_KEY", keyed.all)
    names: dict[str, object] = {}
    pieces = [block for kind, block in BLOCKS if kind == "python"]
    for each in pieces:
        exec(compile(of_the_shop(each, keyed.url), str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    assert len(pieces) == 6
    for told in (
        "C0000001 shop_churn 1 0.",
        "C0000002 shop_churn 1 0.",
        "nobody unknown not in",
        "shop_segments",
        "[{'customer_id': 'a', 'version': '1', 'score': ",
        "True",
    ):
        assert told in said
    assert "Did you mean" in said or "shop_churn" in said.splitlines()[-1]


def test_the_table_names_every_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    told = {code: kind for kind, meaning in table.items() for code in re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", meaning)}
    assert {code: told.get(code) for code in ERRORS} == {code: kind.__name__ for code, kind in ERRORS.items()}


def test_the_table_names_every_setting_and_its_default() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(AUGURY_[A-Z_]+)` \| (.*?) \|", text, re.MULTILINE))
    files = [(ROOT / "configs" / name).read_text(encoding="utf-8") for name in ("settings.py", "service.py")]
    assert set(table) == set(re.findall(r"AUGURY_[A-Z_]+", " ".join(files)))
    for variable, value in ServiceSettings().environment.items():
        assert table[variable] == (f"{float(value):g}" if value else "none")


USES = """
import json, sys
import serving.client, serving.client.arrow
try:
    serving.client.Client(sys.argv[1], sys.argv[2], retries=0).models()
    serving.client.Client("http://127.0.0.1:9", retries=0).models()
except serving.client.Unreachable:
    print(json.dumps([name for name in sys.modules if name.partition(".")[0] in sys.argv[3:]]))
"""
HERE = ("configs", "features", "models", "training", "serving", "experiments")


def test_what_is_copied_for_another_machine_is_all_that_the_client_needs(keyed: Keyed, tmp_path: Path) -> None:
    copying = re.findall(r"^mkdir -p elsewhere.*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    command = copying[0].replace("elsewhere", str(tmp_path / "elsewhere"))
    subprocess.run(["bash", "-c", command], cwd=ROOT, check=True)
    packages = next(each for each in sys.path if (Path(each) / "httpx").is_dir())
    done = subprocess.run(
        [sys.executable, "-S", "-c", USES, keyed.url, keyed.all, *HERE],
        env={"PYTHONPATH": f"{tmp_path / 'elsewhere'}:{packages}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {name.partition(".")[2].partition(".")[0] for name in json.loads(done.stdout)} == {"", "client", "messages"}


def test_what_the_client_imports_is_what_is_said_to_be_installed() -> None:
    (said,) = re.findall(
        r"^python -m pip install (.*)#.* and (\w+) for `bulk`$", PAGE.read_text(encoding="utf-8"), re.M
    )
    told = {*re.findall(r'"(\w+)[<>=]', said[0]), said[1]}
    files = [ROOT / "serving" / "messages.py", *(ROOT / "serving" / "client").glob("*.py")]
    code = "".join(re.sub(r"if TYPE_CHECKING:\n(    .*\n)+", "", each.read_text(encoding="utf-8")) for each in files)
    imported = set(re.findall(r"^ *(?:from|import) (\w+)", code, re.MULTILINE))
    assert imported - set(sys.stdlib_module_names) - {"serving"} == told
