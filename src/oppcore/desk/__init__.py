"""The desk: where a host sends its commands."""

from __future__ import annotations

from oppcore.desk.async_desk import AsyncAuthorize, AsyncDesk
from oppcore.desk.desk import Authorize, Desk
from oppcore.desk.publishing import Published
from oppcore.desk.requests import Receipt, Saved

__all__ = ["AsyncAuthorize", "AsyncDesk", "Authorize", "Desk", "Published", "Receipt", "Saved"]
