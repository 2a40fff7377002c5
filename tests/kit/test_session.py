"""`avgate test` begins pytest itself: sooner than usual, and for the author as ever."""

import subprocess
import sys
from pathlib import Path

CONFIG = """
[pytest]
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
TEST = """
import sys

def test_what_is_seen():
    found = ["a", "b"]
    suite = sys.modules["avgate_contracts.kit.contract"]
    assert "rewrite" not in type(suite.__loader__).__module__
    assert "hypothesis" not in sys.modules
    assert found == ["a", "c"]
"""


def test_the_suite_is_not_rewritten_and_the_authors_own_tests_are(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(CONFIG, "utf-8")
    (tmp_path / "test_own.py").write_text(TEST, "utf-8")
    module = "avgate_contracts.kit.commands.session"
    ended = subprocess.run(  # noqa: S603 -- ours
        [
            sys.executable,
            "-B",
            "-m",
            module,
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:schemathesis",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "assert ['a', 'b'] == ['a', 'c']" in ended.stdout
    assert "warning" not in ended.stdout.lower()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["pytest.ini", "test_own.py"]
