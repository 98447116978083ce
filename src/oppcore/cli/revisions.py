"""`oppcore diff` and `oppcore migrate`: what a new revision changes, and where the deals of a store go under it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from oppcore.cli.printing import say
from oppcore.cli.reading import load_pipeline_file
from oppcore.desk import Desk
from oppcore.errors import InvalidPipeline
from oppcore.pipeline import Pipeline
from oppcore.proof import Difference, Effect, Migration, Plan, compare, plan_migration
from oppcore.records import Lead, Opportunity, Record, RecordKind
from oppcore.repository import SqliteRepository

__all__ = ["diff", "migrate"]

_FORMAT = click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
_SHOWN = 5


def _load(file: str) -> Pipeline:
    try:
        return load_pipeline_file(file)
    except InvalidPipeline as error:
        raise click.UsageError(f"{file}: {error}") from None


def _records(desk: Desk[Any], pipeline: str) -> list[Record]:
    found: list[Record] = []
    cursor: str | None = None
    while True:
        page = desk.find(pipeline=pipeline, order="id", cursor=cursor, limit=1_000)
        found.extend(page.items)
        cursor = page.cursor
        if cursor is None:
            return found


def _desk(repository: SqliteRepository, pipeline: Pipeline) -> Desk[Any]:
    if pipeline.kind is RecordKind.LEAD:
        return Desk(repository, of=Lead)
    return Desk(repository, of=Opportunity)


def _named(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f" ({', '.join(ids[:_SHOWN])}{more})" if ids else ""


def _lines(differences: Iterable[Difference]) -> list[str]:
    return [f"{one.effect}: {one.problem}{_named(one.record_ids)}" for one in differences]


def _plain(one: Difference) -> dict[str, Any]:
    return {"effect": str(one.effect), **one.problem.detail(), "record_ids": list(one.record_ids)}


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--db", type=click.Path(exists=True, dir_okay=False), help="A store of oppcore with the deals there are.")
@_FORMAT
@click.pass_context
def diff(context: click.Context, old: str, new: str, db: str | None, format: str) -> None:
    """Say in what the pipeline in the file NEW differs from the one in OLD, and what that means for the deals.

    Exits with 1 where a difference is refused, or where deals need another place.
    """
    before, after = _load(old), _load(new)
    records: list[Record] = []
    if db is not None:
        with SqliteRepository(Path(db)) as repository:
            records = _records(_desk(repository, before), before.key)
    differences = compare(before, after, records)
    if format == "json":
        said = {"pipeline": before.key, "differences": [_plain(one) for one in differences]}
        say(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        say("\n".join(_lines(differences)) or "no differences")
    if any(one.effect is not Effect.HARMLESS for one in differences):
        context.exit(1)


def _mapping(pairs: Iterable[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        stage, equals, to = pair.partition("=")
        if not equals or not stage or not to or stage in found:
            message = f"--map takes STAGE=STAGE, each stage once, not {pair!r}"
            raise click.UsageError(message)
        found[stage] = to
    return found


def _told(plan: Plan) -> list[str]:
    lines: list[str] = []
    for one in plan.migrations:
        if one.problems or one.changes or one.violations:
            lines.append(f"{one.record_id}: {_way(one)}")
            lines += [f"  - {problem}" for problem in (*one.problems, *one.violations)]
    return lines


def _way(one: Migration) -> str:
    if one.problems:
        return "no place yet"
    here, there = one.before.progress.state, one.after.progress.state
    return f"{here} to {there}" if one.changes else f"stays in {there}"


@click.command()
@click.argument("new", metavar="NEW")
@click.option("--db", required=True, type=click.Path(exists=True, dir_okay=False), help="The store with the deals.")
@click.option("--map", "pairs", metavar="STAGE=STAGE", multiple=True, help="Where the deals of a stage go; repeatable.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@_FORMAT
@click.pass_context
def migrate(context: click.Context, new: str, db: str, pairs: tuple[str, ...], dry_run: bool, format: str) -> None:
    """Publish the pipeline in the file NEW as the next revision of the store's, and take its deals where they belong.

    Nothing is done, and the exit code is 1, while a difference is refused or a deal has no place. What was interrupted
    is run again: what is done stays done.
    """
    after, mapping, now = _load(new), _mapping(pairs), datetime.now(UTC)
    with SqliteRepository(Path(db)) as repository:
        desk = _desk(repository, after)
        before = desk.pipeline(after.key)
        records = _records(desk, after.key)
        refused = [one for one in compare(before, after, records) if one.effect is Effect.REFUSED]
        plan = plan_migration(records, after, mapping, at=now)
        stopped = bool(refused or plan.unresolved)
        moved = len(plan.changes)
        if not stopped and not dry_run:
            moved = desk.publish(after, mapping=mapping, at=now).moved
    _report(after, refused, plan, moved, done=not stopped and not dry_run, format=format)
    if stopped:
        context.exit(1)


def _report(after: Pipeline, refused: list[Difference], plan: Plan, moved: int, *, done: bool, format: str) -> None:
    if format == "json":
        said: dict[str, Any] = {
            "pipeline": after.key,
            "revision": after.revision,
            "done": done,
            "moved": moved,
            "unresolved": [one.record_id for one in plan.unresolved],
            "refused": [_plain(one) for one in refused],
            "deals": [
                {
                    "id": one.record_id,
                    "before": one.before.progress.stage,
                    "after": one.after.progress.stage,
                    "problems": [problem.detail() for problem in one.problems],
                    "violations": [problem.detail() for problem in one.violations],
                }
                for one in plan.migrations
            ],
        }
        say(json.dumps(said, ensure_ascii=False, indent=2))
        return
    verb = "published; deals moved" if done else "not published; deals to move"
    say("\n".join([*_lines(refused), *_told(plan), f"revision {after.revision} {verb}: {moved}"]))
