"""Selects that need a query below them: Adobe-defined functions whose result builds on another window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.scope import Scope

if TYPE_CHECKING:
    from local_platform.query_service.compiler.query import Compiler

TWO_STEPS: tuple[str, ...] = ()


def needs_wrapping(node: exp.Select) -> bool:
    """Whether the select list has a function that needs an inner window."""
    return False


def wrap(compiler: Compiler, scope: Scope, origin: str, condition: str, node: exp.Select) -> str:
    """FROM with the inner windows computed."""
    return origin
