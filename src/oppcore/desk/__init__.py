"""The desk: where a host sends its commands."""

from __future__ import annotations

from oppcore.desk.async_desk import AsyncAuthorize, AsyncDesk
from oppcore.desk.desk import Authorize, Desk
from oppcore.desk.limits import Limit
from oppcore.desk.publishing import Published
from oppcore.desk.requests import Receipt, Saved
from oppcore.desk.searching import Found

__all__ = ["AsyncAuthorize", "AsyncDesk", "Authorize", "Desk", "Found", "Limit", "Published", "Receipt", "Saved"]
