"""Where the service may listen: who cannot be told apart must be on this machine."""

import ipaddress


class NotSafe(ValueError):
    """A deployment that would answer everybody."""


def check_binding(host: str, *, keys: bool) -> str | None:
    """Refuse to listen where others can ask, unless they need a key. Raises `NotSafe`; gives what to beware of, if any.

    The service speaks plain HTTP. Keys and scores are for nobody else to read, so beyond this machine a proxy in front
    of it (nginx, Envoy, an ingress) must end TLS.
    """
    if loopback(host):
        return None
    where = host or "every address"
    if not keys:
        raise NotSafe(
            f"{where} can be reached from other machines, and there are no API keys: everybody could ask for scores. "
            "Make a key by `augury keys add NAME`, or listen on 127.0.0.1"
        )
    return f"plain HTTP on {where}: let a proxy in front end TLS, else keys and scores can be read"


def loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address: 127.0.0.0/8, ::1, localhost, or a Unix socket (a path)."""
    if host.lower() == "localhost" or host.startswith(("unix:", "/")):
        return True
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
