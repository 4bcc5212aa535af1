"""Where the service may listen without keys."""

import pytest

from serving.safety.binding import NotSafe, check_binding, loopback

HERE = [
    *("127.0.0.1", "127.0.0.2", "127.255.255.255", "localhost", "LocalHost", "::1", "[::1]", "::ffff:127.0.0.1"),
    *("0:0:0:0:0:0:0:1", "unix:/run/augury.sock", "/run/augury.sock"),
]
ELSEWHERE = [
    *("0.0.0.0", "", "::", "[::]", "0", "128.0.0.1", "126.255.255.255", "10.0.0.1", "192.168.1.2", "8.8.8.8"),
    *("::2", "fe80::1", "::ffff:10.0.0.1", "2001:db8::1", "localhost.example.com", "notlocalhost", "example.com"),
    *("127.0.0.1.example.com", "127.0.0.1 ", "127.1", "2130706433", "0x7f000001", "*", "127.0.0.1:3000", "unix"),
]


@pytest.mark.parametrize("host", HERE)
def test_this_machine_alone_needs_no_keys(host: str) -> None:
    assert loopback(host)
    assert check_binding(host, keys=False) is None
    assert check_binding(host, keys=True) is None


@pytest.mark.parametrize("host", ELSEWHERE)
def test_others_need_keys(host: str) -> None:
    assert not loopback(host)
    with pytest.raises(NotSafe, match=r"augury keys add NAME`, or listen on 127\.0\.0\.1"):
        check_binding(host, keys=False)
    told = check_binding(host, keys=True)
    assert told is not None
    assert "end TLS" in told


def test_the_address_is_named() -> None:
    with pytest.raises(NotSafe, match=r"^every address can be reached"):
        check_binding("", keys=False)
    with pytest.raises(NotSafe, match=r"^10\.0\.0\.1 can be reached"):
        check_binding("10.0.0.1", keys=False)
