"""Which base addresses are the same, and which network addresses may be called."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_BASE = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[A-Za-z0-9._~-]+)*)/?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535
_LONGEST = 2048  # characters
_NAT64 = IPv6Network("64:ff9b::/96")
_PUBLIC = IPv6Network("2000::/3")  # all public addresses of IPv6 stand in it
# Reserved, and by `is_global` not told from public ones: protocol assignments, among them the
# metadata address of a cloud; the old relays of 6to4; addresses for documents.
_RESERVED: tuple[Network, ...] = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("3fff::/20"),
)
_DOTS = frozenset({".", ".."})


def normalised(url: object) -> str | None:
    """Write a base address in its one form: host in lower case, no default port, no last slash.

    None for whatever is no plain base address: other schemes, credentials, a query, a fragment,
    encoded or dotted paths, anything outside ASCII. Nothing else is repaired.
    """
    if not isinstance(url, str) or len(url) > _LONGEST:
        return None
    found = _BASE.fullmatch(url)
    if found is None or _DOTS & set(found["path"].split("/")):
        return None
    port = int(found["port"] or _DEFAULT_PORTS[found["scheme"]])
    if not 0 < port <= _HIGHEST_PORT:
        return None
    shown = "" if port == _DEFAULT_PORTS[found["scheme"]] else f":{port}"
    return f"{found['scheme']}://{found['host'].lower()}{shown}{found['path']}"


def host_of(base: str) -> str:
    """Give the host of a normalised base address, without the brackets of IPv6."""
    found = _BASE.fullmatch(base)
    return found["host"].strip("[]") if found else ""


def may_be_called(address: str, allowed: Iterable[Network]) -> bool:
    """Whether a network address is a public one, or one of the networks that were allowed.

    Loopback, private, link-local, shared (carrier-grade NAT), multicast and reserved addresses are
    none; an IPv4 address inside an IPv6 one is judged as what it is.
    """
    found = _inner(ip_address(address.partition("%")[0]))
    if _is_in(found, allowed):
        return True
    public = isinstance(found, IPv4Address) or found in _PUBLIC
    return public and found.is_global and not found.is_multicast and not _is_in(found, _RESERVED)


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def _inner(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
