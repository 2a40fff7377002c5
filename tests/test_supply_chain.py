"""What is built in and what is handed out: pinned, without secrets, without test code, the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from .thorough import IS_THOROUGH

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
BASELINE = ROOT / "tests" / "known_secrets.json"
HANDED_OUT = ["contracts", "gateway", "connectors"]
# Digests and recorded answers look like secrets and are none.
_ONLY_MOVED = 3  # what is known stands in other lines by now
GENERATED = r"(avgate-conformance\.json|requirements\.lock|cassettes/|openapi/.*json|known_secrets)"


def run(program: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603 -- our own arguments


def locked() -> dict[str, list[str]]:
    """The lines of each requirement, by its name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in LOCK.splitlines():
        if match := re.match(r"([a-z0-9._-]+)(\[.*\])?==", line):
            name = match[1]
        if name and not line.lstrip().startswith("#"):
            found.setdefault(name, []).append(line)
    return found


# Of services that nothing here calls, at half a second each; and those that take any digest for one.
_NOT_HERE = (
    "Base64HighEntropyString", "HexHighEntropyString", "ArtifactoryDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "IbmCloudIamDetector", "IbmCosHmacDetector", "IPPublicDetector",
    "MailchimpDetector", "OpenAIDetector", "SendGridDetector", "SlackDetector", "SoftlayerDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip

# Asked of each line before anything is looked for in it, which takes almost half of the time; what they
# would pass over is five lines, which the baseline knows.
_SLOW = (
    "detect_secrets.filters.heuristic.is_indirect_reference",
    "detect_secrets.filters.allowlist.is_line_allowlisted",
)


def test_every_requirement_has_one_version_and_its_digests() -> None:
    lines = locked()
    assert len(lines) > 100
    for name, said in lines.items():
        assert re.match(rf"{re.escape(name)}(\[.*\])?==[0-9]", said[0]), name
        assert any("--hash=sha256:" in line for line in said), name


def test_nothing_is_fetched_from_a_place_that_the_lock_names() -> None:
    assert not re.search(r"https?://|--index|--find-links|@ ", LOCK)


def test_the_two_libraries_that_must_not_meet_do_not() -> None:
    assert "httpx" in locked()
    assert "httpx2" not in locked()


@pytest.mark.skipif(
    not IS_THOROUGH, reason="CI asks it; most of its rules are ruff's too, in `make check`"
)
def test_no_rule_of_bandit_is_broken() -> None:
    told = run("bandit", "-q", "-ll", "-r", *HANDED_OUT)
    assert told.returncode == 0, told.stdout


def test_no_secret_is_in_the_tree_that_nobody_looked_at(tmp_path: Path) -> None:
    """A new find that is none belongs into the baseline: `python -m tests.test_supply_chain`."""
    tracked = run_git("ls-files").splitlines()
    told = hooked(tmp_path, ROOT if IS_THOROUGH else sieved(tracked, tmp_path / "sieved"), tracked)
    assert told.returncode in {0, _ONLY_MOVED}, told.stdout


@pytest.mark.parametrize(
    "line",
    [
        'PASSWORD = "kJ8s-pQ2w-Zx91-vbN7"',
        f"where = 'https://someone{':'}kJ8spQ2wZx91@upstream.example/'",
        f"token = '{'ghp_' + 'k' * 18 + 'J8' * 9}'",
        f"# -----BEGIN {'RSA PRIVATE'} KEY-----",
    ],
)
def test_a_planted_secret_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(f'"""One."""\n\nplain = 1\n{line}\n')
    sieve = sieved(["planted.py"], tmp_path / "sieved", root=tmp_path)
    assert "plain" not in (sieve / "planted.py").read_text("utf-8")
    told = hooked(tmp_path, sieve, ["planted.py"])
    assert told.returncode == 1
    assert "planted.py" in told.stdout


def hooked(folder: Path, root: Path, names: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """What the hook says of files that stand under a root."""
    known = str(copied(BASELINE, folder))
    return run("detect-secrets-hook", "--baseline", known, "--cores", "1", *names, cwd=root)


def sieved(names: Iterable[str], into: Path, root: Path = ROOT) -> Path:
    """The same files, of programs only the lines in which a detector could find anything.

    It costs half a minute to ask each detector about each line by its own way.
    """
    could_be = patterns()
    subprocess.run(["git", "init", "--quiet", str(into)], check=True)  # noqa: S603, S607 -- the hook asks it
    for name in names:
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith(".py"):
            (into / name).write_bytes((root / name).read_bytes())
            continue
        first, *lines = (root / name).read_text("utf-8").splitlines() or [""]
        left = [line for line in lines if any(one.search(line) for one in could_be)]
        (into / name).write_text("\n".join([first, *left]), "utf-8")
    return into


def patterns() -> list[re.Pattern[str]]:
    """What a line matches in which a detector of the baseline finds something."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins import keyword

    used = {one["name"] for one in json.loads(BASELINE.read_text("utf-8"))["plugins_used"]}
    found = [re.compile(keyword.DENYLIST_REGEX, re.IGNORECASE)]
    detectors: Mapping[str, Any] = get_mapping_from_secret_type_to_class()
    for detector in detectors.values():
        if detector.__name__ in used - {"KeywordDetector"}:
            found += detector.denylist  # of those that look for patterns, which all others do
    return found


def test_the_bill_of_materials_names_every_requirement(tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    quickly = "--no-validate"  # that it is as CycloneDX has it, `make sbom` says, after ten seconds
    told = run(
        "cyclonedx-py", "requirements", quickly, str(ROOT / "requirements.lock"), "-o", str(bill)
    )
    assert told.returncode == 0, told.stderr
    named = {one["name"] for one in json.loads(bill.read_text())["components"]}
    assert set(locked()) <= named


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two builds of the same tree."""
    made = []
    for number in range(2):
        folder = tmp_path_factory.mktemp(f"wheel-{number}")
        told = run("hatchling", "build", "-t", "wheel", "-d", str(folder))
        assert told.returncode == 0, told.stderr
        made += list(folder.glob("*.whl"))
    return made


def test_what_is_handed_out_holds_no_tests_no_mocks_and_no_people(wheels: list[Path]) -> None:
    names = ZipFile(wheels[0]).namelist()
    for package in ("avgate_contracts/", "avgate_client/", "avgate_gateway/"):
        assert any(name.startswith(package) for name in names), package
    of_tests = re.compile(r"avgate_mocks|cassettes|(^|/)tests/[^/]*\.py$|(^|/)test_[^/]*\.py$")
    assert not [name for name in names if of_tests.search(name)]


def test_two_builds_are_the_same_byte_for_byte(wheels: list[Path]) -> None:
    first, second = (hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    assert first == second


def copied(path: Path, folder: Path) -> Path:
    """A copy that the hook may write to: it keeps line numbers up to date."""
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    return copy


def run_git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 -- our own arguments


def look_again() -> None:
    """Writes the baseline anew; whoever runs it has looked at what it finds."""
    left_out = [part for name in _NOT_HERE for part in ("--disable-plugin", name)]
    left_out += [part for name in _SLOW for part in ("--disable-filter", name)]
    told = run("detect-secrets", "scan", *left_out, "--exclude-files", GENERATED)
    found = json.loads(told.stdout)
    del found["generated_at"]
    BASELINE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    look_again()
