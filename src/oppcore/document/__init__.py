"""Reading TOML and JSON that somebody else wrote: limits first, then strict structure, every fault with its path."""

from __future__ import annotations

from oppcore.document.compiled import compile_reader, compile_writer
from oppcore.document.faults import MAX_FAULTS, DocumentFault, collect, find_problems, unknown_key
from oppcore.document.parsing import MAX_BYTES, MAX_LEVELS, MAX_VALUES, check_values, parse
from oppcore.document.structure import Special, make_converter, read_money, structure, want_list, want_table

__all__ = [
    "MAX_BYTES",
    "MAX_FAULTS",
    "MAX_LEVELS",
    "MAX_VALUES",
    "DocumentFault",
    "Special",
    "check_values",
    "collect",
    "compile_reader",
    "compile_writer",
    "find_problems",
    "make_converter",
    "parse",
    "read_money",
    "structure",
    "unknown_key",
    "want_list",
    "want_table",
]
