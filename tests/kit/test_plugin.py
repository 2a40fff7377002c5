"""What pytest makes of the suite in a project of somebody else's, whatever its config."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts.kit.evidence import SUITE
from avgate_contracts.kit.law import laws_of

pytest_plugins = ["pytester"]

ACME = Path(__file__).parent / "acme"
SHAPE = ("-m", "avgate_shape")


def partner(pytester: pytest.Pytester, more: str = "", config: str = "") -> None:
    """Acme's project, with more lines in its test class."""
    for name in ("acme_connector.py", "acme_mock.py", "test_acme.py"):
        shutil.copy(ACME / name, pytester.path / name)
    shutil.copytree(ACME / "cassettes", pytester.path / "cassettes")
    test = pytester.path / "test_acme.py"
    test.write_text(test.read_text("utf-8") + more, "utf-8")
    if config:
        pytester.makeini(f"[pytest]\n{config}")


def run(pytester: pytest.Pytester, *options: str, is_cold: bool = False) -> pytest.RunResult:
    """`is_cold`: in a process of its own, for what depends on which modules are there already.

    The others spare themselves the two seconds of loading, which are four times what they take.
    """
    # A partner need not have the last three, and each loads a library for nothing.
    without = ("cacheprovider", "schemathesis", "hypothesispytest", "respx")
    less = [part for name in without for part in ("-p", f"no:{name}")]
    if is_cold:
        return pytester.runpytest_subprocess(*less, "-q", *options)
    with warnings.catch_warnings():
        warnings.resetwarnings()  # ours are errors, and a partner's are not
        return pytester.runpytest_inprocess(*less, "-q", *options)


def evidence(pytester: pytest.Pytester, *options: str) -> dict[str, Any]:
    run(pytester, "--avgate-json=evidence.json", *options)
    told = json.loads((pytester.path / "evidence.json").read_text("utf-8"))
    (one,) = told["connectors"]
    found: dict[str, Any] = one
    return found


@pytest.mark.parametrize(
    "config",
    [
        "",
        "asyncio_mode = strict",
        "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error",
        "addopts = --strict-markers --strict-config\npython_classes = *",
    ],
    ids=["no config", "strict", "auto", "collects every class"],
)
def test_runs_under_any_config_and_collects_the_partners_class_alone(
    pytester: pytest.Pytester, config: str
) -> None:
    partner(pytester, config=config)
    result = run(pytester, *SHAPE)
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines(
        ["acme: L1 shape; L2 behaviour: test_every_story_plays_as_it_was_recorded was not run*"]
    )


def test_runs_without_pytest_asyncio(pytester: pytest.Pytester) -> None:
    partner(pytester)
    result = run(pytester, *SHAPE, "-p", "no:asyncio", is_cold=True)
    result.assert_outcomes(passed=9)


def test_leaves_a_project_without_connectors_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_of_the_kit_is_loaded():
            assert not {"avgate_contracts.roof", "pydantic", "vcr"} & set(sys.modules)
        """
    )
    result = run(pytester, "--avgate-json=evidence.json", is_cold=True)
    result.assert_outcomes(passed=1)
    assert "Avgate" not in result.stdout.str()
    assert not (pytester.path / "evidence.json").exists()


def test_a_whole_run_earns_its_level_and_writes_evidence(pytester: pytest.Pytester) -> None:
    partner(pytester)
    told = evidence(pytester)
    assert told["level"] >= 4
    assert (told["suite"], told["protocol"], told["connector"]) == (SUITE, "1.0", "acme")
    assert told["class"] == "acme_connector.AcmeConnector"
    assert set(told["tests"].values()) <= {"passed", "skipped"}
    assert {each["story"] for each in told["cassettes"]} == {
        "check",
        "access",
        "nobody",
        "export",
        "rectify",
        "erase",
    }
    assert all(len(each["sha256"]) == 64 and each["recorded_at"] for each in told["cassettes"])


def test_an_exemption_is_printed_and_caps_the_level(pytester: pytest.Pytester) -> None:
    partner(pytester, '    exempt = {"test_unknown_settings_are_refused": "inherited settings"}\n')
    result = run(pytester, *SHAPE)
    result.stdout.fnmatch_lines(
        [
            "acme: no level; L1 shape: test_unknown_settings_are_refused is exempt (inherited*",
            "*exempt test_unknown_settings_are_refused: inherited settings",
        ]
    )


def test_an_exemption_without_a_reason_fails(pytester: pytest.Pytester) -> None:
    partner(pytester, '    exempt = {"test_unknown_settings_are_refused": " "}\n')
    result = run(pytester, *SHAPE)
    result.assert_outcomes(passed=8, failed=1)


def test_an_exemption_of_what_does_not_exist_fails(pytester: pytest.Pytester) -> None:
    partner(pytester, '    exempt = {"test_of_nothing": "why not"}\n')
    result = run(pytester, *SHAPE)
    result.assert_outcomes(passed=8, failed=1)
    result.stdout.fnmatch_lines(["*exempts test_of_nothing*"])


def test_a_test_that_was_replaced_earns_nothing(pytester: pytest.Pytester) -> None:
    partner(pytester, "\n    def test_unknown_settings_are_refused(self):\n        pass\n")
    told = evidence(pytester, *SHAPE)
    assert told["level"] == 0
    assert told["replaced"] == ["test_unknown_settings_are_refused"]


def test_a_skipped_test_earns_nothing(pytester: pytest.Pytester) -> None:
    partner(pytester)
    pytester.makeconftest(
        """
        import pytest

        def pytest_runtest_setup(item):
            if item.name == "test_the_manifest_is_sound":
                pytest.skip("in a hurry")
        """
    )
    told = evidence(pytester, *SHAPE)
    assert told["level"] == 0
    assert told["tests"]["test_the_manifest_is_sound"] == "skipped"


def test_a_class_that_lacks_something_says_what(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from avgate_contracts.kit import ConnectorContract

        class TestNothing(ConnectorContract):
            pass
        """
    )
    result = run(pytester)
    result.stdout.fnmatch_lines(["*its test class lacks connector; settings; subject; stranger*"])
    assert "INTERNALERROR" not in result.stdout.str()


def test_a_cassette_that_cannot_be_read_is_told_in_one_line(pytester: pytest.Pytester) -> None:
    partner(pytester)
    (pytester.path / "cassettes" / "access.yaml").write_text("not: [a recording", "utf-8")
    result = run(pytester, "-k", "access_finds")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*access.yaml is not a recording of this kit*"])


def test_a_missing_recording_says_how_to_get_it(pytester: pytest.Pytester) -> None:
    partner(pytester)
    (pytester.path / "cassettes" / "erase.yaml").unlink()
    result = run(pytester, "-k", "erasing_twice")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*record it: avgate record*"])


def test_an_old_recording_costs_only_the_last_level(pytester: pytest.Pytester) -> None:
    from test_acme import TestAcme as Good  # here, or pytest would see it as a test of this file

    assert [law.level for law in laws_of(Good)] == sorted(law.level for law in laws_of(Good))
    more = """
    today = staticmethod(lambda: __import__("datetime").datetime(2031, 1, 1, tzinfo=__import__("datetime").UTC))
    """
    partner(pytester, more)
    result = run(pytester, "-m", "avgate_fresh", is_cold=True)
    result.assert_outcomes(passed=2, skipped=1)


def test_several_processes_come_to_the_evidence_of_one(pytester: pytest.Pytester) -> None:
    partner(pytester)
    alone = evidence(pytester, *SHAPE)
    together = evidence(pytester, *SHAPE, "-n", "2", "--dist", "load")
    assert together == alone
    assert together["tests"]
