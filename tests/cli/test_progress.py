"""Progress: bars at a terminal, lines elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from auditor.cli.terminal import progress
from auditor.cli.terminal.progress import BarProgress, LineProgress, judging, progress_for


def drawn(width: int = 80) -> tuple[io.StringIO, BarProgress]:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=width, color_system=None, _environ={})
    return stream, BarProgress(console)


def test_a_bar_shows_reads_objects_and_that_it_is_done():
    stream, bars = drawn()
    with bars:
        bars.begin("storage")
        bars.expect("storage", 4)
        for _ in range(4):
            bars.advance("storage", 250)
            bars.settle("storage")
        bars.end("storage")
    lasting = [line for line in stream.getvalue().splitlines() if "✓" in line]

    assert len(lasting) == 1
    assert "✓ storage: 4/4 reads, 1,000 found" in lasting[0]


def test_bars_fit_the_screen_and_a_source_that_has_ended_stands_there_once():
    screen = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None, _environ={})
    bars = BarProgress(screen)
    names = [f"source-{number:02}" for number in range(40)]
    for name in names:
        bars.begin(name)
    shown = io.StringIO()
    Console(file=shown, width=80, height=24).print(bars._bars.get_renderable())
    with bars:
        for name in names:
            bars.end(name)
    lines = [line for line in screen.file.getvalue().splitlines() if "✓" in line]

    assert len(shown.getvalue().splitlines()) <= 23
    assert "and 19 more" in shown.getvalue()
    assert [line.split("✓ ")[1].split(":")[0] for line in lines] == names


def test_a_source_is_not_done_before_it_ends_and_says_what_went_wrong():
    stream, bars = drawn()
    with bars:
        bars.begin("network")
        bars.settle("network")
        bars._bars.refresh()
        before = stream.getvalue()
        bars.end("network", "2 not read")

    assert "1/2 reads" in before
    assert "✓" not in before
    assert "2 not read" in stream.getvalue()


def test_the_cursor_comes_back_when_the_user_interrupts():
    stream, bars = drawn()

    def interrupted() -> None:
        with bars:
            bars.begin("storage")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_a_source_cannot_write_escapes():
    stream, bars = drawn()
    with bars:
        bars.begin("a\x1b]0;title\x07b")
        bars.end("a\x1b]0;title\x07b")

    assert "\x1b]0" not in stream.getvalue()


def test_without_a_terminal_there_are_lines(capsys: pytest.CaptureFixture[str]):
    lines = progress_for(quiet=False)
    assert isinstance(lines, LineProgress)
    with lines:
        lines.begin("storage")
        lines.expect("storage", 2)
        lines.advance("storage", 1200)
        lines.end("storage", "1 not read")

    assert capsys.readouterr().err.startswith("  storage: 1,200 in ")


@pytest.mark.parametrize(
    ("total", "terminal", "quiet"), [(10, True, False), (10**6, False, False), (10**6, True, True)]
)
def test_judging_shows_nothing_for_few_resources_without_a_terminal_and_when_quiet(
    total: int, terminal: bool, quiet: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(progress, "_is_terminal", lambda: terminal)

    with judging(total, quiet=quiet) as advance:
        assert advance is None


def test_judging_many_resources_shows_a_bar_that_goes_when_it_is_done(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr(progress, "_is_terminal", lambda: True)
    monkeypatch.setattr(
        progress,
        "_console",
        lambda: Console(file=stream, force_terminal=True, width=80, color_system=None, _environ={}),
    )

    with judging(20_000, quiet=False) as advance:
        assert advance
        for _ in range(20_000):
            advance(1)

    assert "judging" in stream.getvalue()
    assert "20000/20000" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")
