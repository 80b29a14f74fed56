"""Several processes give the report of one, also where one of them does not come to its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import pytest

from auditor import api
from auditor.evaluate import jobs
from auditor.evaluate.judging import Judged, Pair, World

pytestmark = pytest.mark.skipif(not jobs.can_fork(), reason="this system has no fork")


@pytest.fixture(scope="module")
def source() -> api.Source:
    return api.open_demo()


@pytest.fixture(scope="module")
def choice() -> api.RuleChoice:
    return api.choose_rules(select=["network", "managed-identity", "key-vault"])


@pytest.fixture(scope="module")
def alone(source: api.Source, choice: api.RuleChoice) -> bytes | str:
    return api.render(api.audit(source, choice, keep_passed=True)).data


@pytest.mark.parametrize("count", [2, 3])
def test_the_report_is_the_same(source: api.Source, choice: api.RuleChoice, alone: bytes | str, count: int):
    assert api.render(api.audit(source, choice, keep_passed=True, jobs=count)).data == alone


def test_a_process_that_is_killed_loses_nothing(
    source: api.Source, choice: api.RuleChoice, alone: bytes | str, monkeypatch: pytest.MonkeyPatch
):
    parent, judge, fork = os.getpid(), jobs.judge, os.fork
    forked: list[int] = []

    def noted() -> int:
        forked.append(fork())
        return forked[-1]

    def killed(pairs: Sequence[Pair], world: World, **more: object) -> Judged:
        if os.getpid() != parent:  # as the system does where memory ends
            os.kill(os.getpid(), signal.SIGKILL)
        return judge(pairs, world, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "judge", killed)

    assert api.render(api.audit(source, choice, keep_passed=True, jobs=2)).data == alone


def test_no_process_is_left_where_judging_is_interrupted(
    source: api.Source, choice: api.RuleChoice, monkeypatch: pytest.MonkeyPatch
):
    parent, judge, fork = os.getpid(), jobs.judge, os.fork
    forked: list[int] = []

    def noted() -> int:
        forked.append(fork())
        return forked[-1]

    def interrupted(pairs: Sequence[Pair], world: World, **more: object) -> Judged:
        if os.getpid() == parent:
            raise KeyboardInterrupt
        return judge(pairs, world, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "judge", interrupted)
    monkeypatch.setattr(os, "fork", noted)

    with pytest.raises(KeyboardInterrupt):
        api.audit(source, choice, jobs=2)
    assert forked
    for child in forked:
        with pytest.raises(ChildProcessError):  # it was waited for
            os.waitpid(child, os.WNOHANG)
