"""The command and its exit codes: what goes wrong is said in words, on standard error, and never as a traceback."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import click

from oppcore.cli.backtesting import backtest
from oppcore.cli.demo import demo
from oppcore.cli.drawing import diagram, templates
from oppcore.cli.forecasting import forecast
from oppcore.cli.measures import funnel, snapshot
from oppcore.cli.measuring import measure, measures
from oppcore.cli.pipelines import check, infer, schema
from oppcore.cli.printing import complain
from oppcore.cli.proofs import prove
from oppcore.cli.revisions import diff, migrate
from oppcore.cli.scoring import score
from oppcore.errors import OppcoreError

__all__ = ["FINE", "INTERRUPTED", "NO", "PIPE_CLOSED", "WRONG", "oppcore", "run"]

FINE = 0
"""Done; the answer is yes where there was a question."""
NO = 1
"""The answer is no: `check` found errors, `prove` a claim that does not hold."""
WRONG = 2
"""Wrong usage, or input that cannot be read."""
INTERRUPTED = 130
"""Stopped with Ctrl-C."""
PIPE_CLOSED = 141
"""Whoever read the output went away."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("oppcore"), prog_name="oppcore")
def oppcore() -> None:
    """Opportunity management on files: move deals, count funnels, weigh forecasts.

    CHANGES is a delimited text file with one row per stage that a deal entered: opportunity_id, stage, at (ISO 8601);
    `-` is standard input.

    Exit codes: 0 fine; 1 the answer is no (check found errors, prove a story, diff a harm); 2 wrong usage or
    unreadable input; 130 interrupted; 141 whoever read the output went away.
    """


for _command in (
    demo,
    funnel,
    snapshot,
    forecast,
    backtest,
    score,
    measures,
    measure,
    check,
    prove,
    diff,
    migrate,
    schema,
    infer,
    templates,
    diagram,
):
    oppcore.add_command(_command)


def run(args: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    try:
        code = oppcore.main(None if args is None else list(args), prog_name="oppcore", standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        return INTERRUPTED
    except click.UsageError as error:
        error.show()
        return WRONG
    except click.ClickException as error:
        complain(f"oppcore: {error.message}")
        return WRONG
    except OppcoreError as error:
        complain(f"oppcore: {error}")
        return WRONG
    except (BrokenPipeError, SystemExit):
        # click leaves in this way for a broken pipe only. Nothing can be written any more, not even what is still in
        # the buffer when Python leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"oppcore: {where}{error.strerror or error}")
        return WRONG
    return code if isinstance(code, int) else FINE
