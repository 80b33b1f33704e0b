"""Which addresses a delivery may go to: those of the public internet, unless the operator says."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether this IP address is one that anybody on the internet may reach.

    Private, loopback, link-local (and with them the metadata services of clouds), multicast and
    reserved ones are not, nor are IPv6 addresses that stand for such an IPv4 one (mapped, 6to4,
    Teredo, NAT64). What is no address is not public.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in _meanings(found))


def _meanings(address: Address) -> list[Address]:
    """The address, and every IPv4 address that stands within it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    within: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo is not None:
        within += address.teredo
    if address in _NAT64:
        within.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        return [each for each in within if each is not None]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    return [address, *(each for each in within if each is not None)]
