"""The pages of one search: followed on the same server only, and joined to one Bundle."""

import json
import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from service.addresses import normalised

MOST_PAGES = 5
_ADDRESS = re.compile(r"(?P<authority>https?://[^/?#\s\\@]+)(?P<rest>[/?].*)?")
# Within a FHIR server: searches of one type, or a page by its number. No operation, no way up;
# and no character at which one reader's query ends and another's does not.
_SEARCH = re.compile(r"(?:[A-Z][A-Za-z]+(?:/_search)?)?\?[!\"$-\[\]-~]+")
_KINDS = (None, "searchset", "collection")


class Page(Struct):
    """One page of a search's answer, its entries still to be read."""

    resourceType: str = ""  # noqa: N815
    type: str | None = None
    total: Any = None
    entry: list[Raw] | None = None
    link: Any = None


_read_page = msgspec.json.Decoder(Page).decode


def open_page(body: bytes) -> Page | None:
    """Read one page; None for what is no Bundle of a search."""
    try:
        page = _read_page(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return page if page.resourceType == "Bundle" and page.type in _KINDS else None


def next_link(page: Page) -> Any:
    """Give the address of the next page as sent, whatever it is."""
    for link in page.link if isinstance(page.link, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            return link.get("url")
    return None


def has_next(page: Page) -> bool:
    """Whether a page says that there is another, even if it does not say where."""
    if not isinstance(page.link, list):
        return page.link is not None and "next" in repr(page.link)
    return any(
        link.get("relation") == "next" if isinstance(link, dict) else "next" in repr(link)
        for link in page.link
    )


def resolved(link: Any, base: str) -> str | None:
    """Write a link as an address on the FHIR server `base`; None if it leads anywhere else."""
    if not isinstance(link, str):
        return None
    found = _ADDRESS.fullmatch(link)
    inside = link if found is None else _inside(found, base)
    if inside is None or not _SEARCH.fullmatch(inside):
        return None
    return f"{base}?{inside[1:]}" if inside.startswith("?") else f"{base}/{inside}"


def _inside(found: re.Match[str], base: str) -> str | None:
    """Give what follows the base in an absolute address; None on another server."""
    authority, rest = normalised(found["authority"]), found["rest"] or ""
    if authority is None:
        return None
    whole = f"{authority}{rest}"
    if whole.startswith(f"{base}/"):
        return whole[len(base) + 1 :]
    return whole[len(base) :] if whole.startswith(f"{base}?") else None


def joined(pages: list[Page], *, finished: bool) -> bytes:
    """Join pages to one Bundle; one that was not read to its end keeps a link to what is left."""
    entries = [bytes(entry) for page in pages for entry in page.entry or ()]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    totals = [page.total for page in pages if page.total is not None]
    if totals:  # the largest; what is no number is kept, and tells that nobody can count here
        odd = [total for total in totals if not isinstance(total, int)]
        bundle["total"] = odd[0] if odd else max(totals)
    if not finished:
        bundle["link"] = [{"relation": "next"}]
    bundle["entry"] = [Raw(entry) for entry in entries]
    return msgspec.json.encode(bundle)


def ambiguous(body: bytes) -> bool:
    """Whether JSON holds a member twice, or cannot be checked: two readers may read two things."""
    try:
        json.loads(body, object_pairs_hook=_members)
    except (_Twice, ValueError, RecursionError):
        return True
    return False


class _Twice(Exception):
    """A member stands twice in one object."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found
