"""The certificate for trying out on the local network."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509

from ferry.lan import Pair, authority_of, is_private, keep_certificate, lan_addresses
from tests.builders import AT

ONE, TWO = IPv4Address("192.168.1.5"), IPv4Address("10.0.0.7")


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def addresses(pair: Pair) -> list[object]:
    names = read(pair.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.IPAddress)]


def test_it_is_for_localhost_and_each_address_and_signed_by_the_kept_authority(tmp_path):
    made = keep_certificate(tmp_path / "lan", [ONE, TWO], at=AT)

    assert addresses(made) == ["localhost", IPv4Address("127.0.0.1"), ONE, TWO]
    read(made.certificate).verify_directly_issued_by(read(authority_of(tmp_path / "lan")))


def test_the_authority_may_vouch_for_private_addresses_alone(tmp_path):
    keep_certificate(tmp_path, [ONE], at=AT)
    limits = read(authority_of(tmp_path)).extensions.get_extension_for_class(x509.NameConstraints)

    assert limits.critical
    permitted = [each.value for each in limits.value.permitted_subtrees or []]
    assert permitted[0] == "localhost"
    assert not any(IPv4Address("8.8.8.8") in network for network in permitted[1:])


def test_nobody_else_may_read_a_key(tmp_path):
    made = keep_certificate(tmp_path, [ONE], at=AT)
    for key in (made.key, tmp_path / "authority.key"):
        assert key.stat().st_mode & 0o777 == 0o600


def test_it_is_kept_while_it_serves(tmp_path):
    first = keep_certificate(tmp_path, [ONE, TWO], at=AT).certificate.read_bytes()

    for again in ([ONE, TWO], [TWO]):
        assert (
            keep_certificate(tmp_path, again, at=AT + timedelta(days=300)).certificate.read_bytes() == first
        )


@pytest.mark.parametrize(
    ("own", "days"), [([TWO], 0), ([ONE], 340), ([ONE], 800)], ids=["moved", "ends soon", "ended"]
)
def test_it_is_renewed_for_another_address_and_before_it_ends_and_phones_need_trust_nothing_new(
    tmp_path, own, days
):
    first = keep_certificate(tmp_path, [ONE], at=AT).certificate.read_bytes()
    trusted = authority_of(tmp_path).read_bytes()
    renewed = keep_certificate(tmp_path, own, at=AT + timedelta(days=days))

    assert renewed.certificate.read_bytes() != first
    assert set(own) <= set(addresses(renewed))
    assert authority_of(tmp_path).read_bytes() == trusted


def test_it_is_renewed_where_the_authority_is_another(tmp_path):
    keep_certificate(tmp_path, [ONE], at=AT)
    for file in tmp_path.glob("authority.*"):
        file.unlink()
    renewed = keep_certificate(tmp_path, [ONE], at=AT)

    read(renewed.certificate).verify_directly_issued_by(read(authority_of(tmp_path)))


@pytest.mark.parametrize(("address", "private"), [("192.168.1.5", True), ("8.8.8.8", False)])
def test_an_address_is_private_where_the_internet_has_no_way_to_it(address, private):
    assert is_private(IPv4Address(address)) is private


def test_every_address_of_this_machine_that_is_named_is_private():
    assert all(is_private(address) and not address.is_loopback for address in lan_addresses())
