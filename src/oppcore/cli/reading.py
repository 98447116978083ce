"""The options that say how a change table is to be read, the same on every command that reads one."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, tzinfo
from pathlib import Path
from typing import Any, final

import attrs
import click

from oppcore.cli.printing import busy
from oppcore.document import MAX_BYTES
from oppcore.errors import InvalidPipeline, OppcoreError, Problem, UnreadableChanges
from oppcore.exchange import read_changes, read_table
from oppcore.exchange.instants import ISO, find_timezone, parse_when
from oppcore.history import History
from oppcore.history.inference import infer_pipeline
from oppcore.pipeline import Pipeline, load_pipeline, template

__all__ = [
    "PipelineChoice",
    "Reading",
    "listed",
    "load_pipeline_file",
    "load_template",
    "pipeline_option",
    "reading_options",
]

_NEXT_NAME = re.compile(r",(?=\s*\w+=)")


@final
@attrs.frozen(kw_only=True)
class PipelineChoice:
    """Which pipeline the user wants: that of a file, or a template; neither where it is to be inferred."""

    file: str | None = None
    template: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.file is not None and self.template is not None:
            raise click.UsageError("name a pipeline file or a template, not both")

    def load(self) -> Pipeline | None:
        """Load it; None where none was named."""
        if self.template is not None:
            return load_template(self.template)
        if self.file is None:
            return None
        try:
            return load_pipeline_file(self.file)
        except InvalidPipeline as error:
            raise _about(self.file, error) from None


@final
@attrs.frozen(kw_only=True)
class Reading:
    """What the user said about the input."""

    changes: str
    map: tuple[str, ...]
    records: str | None
    record_map: tuple[str, ...]
    timezone: str | None
    date_format: tuple[str, ...]
    currency: str | None
    percent: bool
    decimal_mark: str | None
    encoding: str | None
    delimiter: str | None
    lenient: bool
    won: tuple[str, ...]
    lost: tuple[str, ...]
    post_sale: tuple[str, ...]
    steps: tuple[str, ...]

    def read(self, pipeline: Pipeline | None = None, *, money: bool = True) -> History:
        """Read the change table; amounts need a currency only where money is asked for."""
        delimiter = "\t" if self.delimiter in ("tab", r"\t") else self.delimiter
        columns, record_columns = _mapping(self.map, "--map"), _mapping(self.record_map, "--record-map")
        if record_columns and self.records is None:
            raise click.UsageError("--record-map says how --records FILE is to be read, which is missing")
        if self.changes == "-" == self.records:
            raise click.UsageError("only one file can come from standard input")
        with busy("reading") as count:

            def rows(source: str) -> Iterator[Mapping[str, str]]:
                try:
                    for row in read_table(source, encoding=self.encoding, delimiter=delimiter):
                        count(row)
                        yield row
                except UnreadableChanges as error:
                    raise _about(source, error) from None

            return read_changes(
                rows(self.changes),
                columns=columns,
                timezone=self.timezone,
                date_format=self.date_format,
                currency=self.currency,
                percent=self.percent,
                decimal_mark=self.decimal_mark,
                records=None if self.records is None else rows(self.records),
                record_columns=record_columns,
                pipeline=pipeline,
                money=money,
                lenient=self.lenient,
            )

    def read_beside(self, name: str) -> History:
        """Read another change table in the same way, of which only its own names of columns count."""
        return attrs.evolve(self, changes=name, map=(), records=None, record_map=()).read(money=False)

    def picked_steps(self) -> tuple[str, ...] | None:
        """Give the steps that were named, in order."""
        return listed(self.steps)

    def read_with(self, choice: PipelineChoice, *, money: bool = True, picks: bool = False) -> tuple[History, Pipeline]:
        """Read the change table, and the pipeline that was named or else follows from what was said about the stages.

        `picks` says that with a pipeline --steps picks among its stages; otherwise it has no meaning there.
        """
        if choice.file == "-" and "-" in (self.changes, self.records):
            raise click.UsageError("only one file can come from standard input")
        if choice != PipelineChoice():
            if self.won or self.lost or self.post_sale:
                raise click.UsageError(
                    "--won, --lost and --post-sale are for use without --pipeline and --template, which say it all"
                )
            if self.steps and not picks:
                raise click.UsageError(
                    "--steps says the order of the stages, which --pipeline or --template says already"
                )
        if (pipeline := choice.load()) is not None:
            return self.read(pipeline, money=money), pipeline
        history = self.read(money=money)
        return history, self.infer(history)

    def infer(self, history: History, key: str = "inferred") -> Pipeline:
        """Propose a pipeline, with what was said about the stages."""
        return infer_pipeline(
            history,
            key=key,
            won=listed(self.won),
            lost=listed(self.lost),
            post_sale=listed(self.post_sale) or (),
            steps=listed(self.steps),
        )

    def zone(self) -> tzinfo | None:
        """Give the time zone; its name was checked when the table was read."""
        return None if self.timezone is None else find_timezone(self.timezone)

    def when(self, text: str | None, flag: str) -> date | None:
        """Give an instant, or a date, which means the end of that day."""
        if text is None:
            return None
        found = parse_when(text, self.zone(), (ISO,))
        if isinstance(found, Problem):
            raise click.UsageError(
                str(attrs.evolve(found, path=flag, params={"column": "the instant", **found.params}))
            )
        if type(found) is date and self.zone() is None:
            raise click.UsageError(f"{flag} {text} is a date: say whose day it is with --timezone ZONE")
        return found


def _mapping(texts: Iterable[str], flag: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        for pair in _NEXT_NAME.split(text):
            ours, is_pair, theirs = (part.strip() for part in pair.partition("="))
            if not (ours and is_pair and theirs):
                raise click.UsageError(f"{flag} takes OURS=THEIRS, such as opportunity_id=lead_id, not {pair!r}")
            if found.setdefault(ours, theirs) != theirs:
                raise click.UsageError(f"{flag}: {ours} is mapped twice, to {found[ours]!r} and to {theirs!r}")
    return found


def listed(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Give the stages of a comma-separated list; `none` is an empty list, and no list at all is None."""
    names = tuple(name.strip() for text in texts for name in text.split(",") if name.strip())
    if names == ("none",):
        return ()
    return names or None


def load_pipeline_file(name: str) -> Pipeline:
    """Load a pipeline from a file; `-` is standard input."""
    if name == "-":
        return load_pipeline(sys.stdin.buffer.read(MAX_BYTES + 1))
    with Path(name).open("rb") as file:
        return load_pipeline(file.read(MAX_BYTES + 1))


def _about(file: str, error: OppcoreError) -> click.ClickException:
    """Say which of the files is meant."""
    lines = [f"{file}: {problem}" for problem in error.problems]
    return click.ClickException("\n".join(lines))


def load_template(key: str) -> Pipeline:
    """Load a template; to name one there is not is wrong usage."""
    try:
        return template(key)
    except LookupError as error:
        raise click.UsageError(str(error)) from None


def pipeline_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --pipeline and --template; the command gets one `PipelineChoice` as `choice`."""

    @functools.wraps(command)
    def wrapped(pipeline_file: str | None, template_key: str | None, **given: Any) -> Any:
        return command(choice=PipelineChoice(file=pipeline_file, template=template_key), **given)

    wrapped = click.option("--template", "template_key", metavar="KEY", help="A pipeline that comes with oppcore.")(
        wrapped
    )
    return click.option(
        "--pipeline",
        "pipeline_file",
        metavar="FILE",
        help="The pipeline (TOML or JSON). Without it or --template, say --won and --lost (and --steps).",
    )(wrapped)


_OPTIONS = (
    click.argument("changes", metavar="CHANGES"),
    click.option(
        "--map", multiple=True, metavar="OURS=THEIRS,…", help="Our names of columns and what the table calls them."
    ),
    click.option("--records", metavar="FILE", help="A table with one row per opportunity, for columns CHANGES lacks."),
    click.option("--record-map", multiple=True, metavar="OURS=THEIRS,…", help="The same as --map, for --records."),
    click.option("--timezone", metavar="ZONE", help="Whose days and clocks are meant, e.g. Europe/Berlin or UTC."),
    click.option(
        "--date-format",
        multiple=True,
        metavar="FORMAT",
        help="How dates are written, in the letters of strptime, e.g. '%m/%d/%y %I:%M %p', or iso; may be repeated.",
    ),
    click.option("--currency", metavar="CODE", help="The currency of amounts that have none (ISO 4217)."),
    click.option("--percent", is_flag=True, help="Probabilities run from 0 to 100."),
    click.option("--decimal-mark", type=click.Choice([".", ","]), help="What stands before the decimals."),
    click.option(
        "--encoding", metavar="NAME", help="The text encoding, where it is not UTF-8 (or UTF-16 with a mark)."
    ),
    click.option("--delimiter", metavar="CHAR", help="What stands between two cells: , ; | or tab."),
    click.option("--lenient", is_flag=True, help="Leave out what cannot be read, and show it, instead of stopping."),
    click.option("--won", multiple=True, metavar="STAGE,…", help="The stages that mean won, or none."),
    click.option("--lost", multiple=True, metavar="STAGE,…", help="The stages that mean lost, or none."),
    click.option("--post-sale", multiple=True, metavar="STAGE,…", help="The stages that follow a won deal."),
    click.option("--steps", multiple=True, metavar="STAGE,…", help="The open stages, in order."),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add CHANGES and the options of reading; the command gets one `Reading` as `reading`."""
    names = [field.name for field in attrs.fields(Reading)]

    @functools.wraps(command)
    def wrapped(**given: Any) -> Any:
        return command(reading=Reading(**{name: given.pop(name) for name in names}), **given)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
