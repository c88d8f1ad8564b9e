"""Let devices on the local network try this machine out: its addresses, and a certificate for them.

Browsers lend the camera and service workers to secure pages only. The certificate is signed by an authority
made here, which a phone may be told to trust; it can vouch for private addresses and localhost alone.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A documentation network (RFC 5737): asking the way there sends nothing and tells which address leads out.
ELSEWHERE = ("192.0.2.1", 9)
#: Phones trust no certificate for longer than 398 days.
LASTS = timedelta(days=365)
AUTHORITY_LASTS = timedelta(days=10 * 365)
RENEWED_BEFORE = timedelta(days=30)
SKEW = timedelta(hours=1)
#: Networks that the Internet has no way to (RFC 6890): all that the authority may ever vouch for.
PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
    *("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
)

Address = ipaddress.IPv4Address


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, as files: what a server is started with."""

    certificate: Path
    key: Path


def lan_addresses() -> list[Address]:
    """List this machine's addresses on local networks, the one that leads out first."""
    found = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(ELSEWHERE)
        found.append(way.getsockname()[0])
    with suppress(OSError):
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    addresses = dict.fromkeys(Address(each) for each in found)
    return [each for each in addresses if is_private(each) and not each.is_loopback]


def is_private(address: Address) -> bool:
    return any(address in ipaddress.IPv4Network(network) for network in PRIVATE)


def keep_certificate(folder: Path, addresses: Iterable[Address], *, at: datetime) -> Pair:
    """Give a certificate for localhost and these addresses, made anew where the kept one will not do."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = _kept(folder, "authority") or _make_authority(folder, at)
    wanted = [Address("127.0.0.1"), *addresses]
    kept = _kept(folder, "server")
    if kept is None or not _serves(kept, authority, wanted, at):
        kept = _make_server(folder, authority, wanted, at)
    return kept


def authority_of(folder: Path) -> Path:
    """Give the certificate that a phone is told to trust."""
    return folder / "authority.crt"


def _kept(folder: Path, name: str) -> Pair | None:
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    return pair if pair.certificate.exists() and pair.key.exists() else None


def _serves(kept: Pair, authority: Pair, wanted: list[Address], at: datetime) -> bool:
    certificate, issuer = _read(kept.certificate), _read(authority.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc - RENEWED_BEFORE
        and set(wanted) <= set(names.get_values_for_type(x509.IPAddress))
        and certificate.issuer == issuer.subject
        and _is_signed_by(certificate, issuer)
    )


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _make_authority(folder: Path, at: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"Ferryman on {socket.gethostname()}")
    networks = [x509.IPAddress(ipaddress.IPv4Network(each)) for each in PRIVATE]
    allowed = [x509.DNSName("localhost"), *networks]
    built = (
        _begun(name, name, key.public_key(), at, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(allowed, excluded_subtrees=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _write(folder, "authority", [built.sign(key, hashes.SHA256())], key)


def _make_server(folder: Path, authority: Pair, addresses: list[Address], at: datetime) -> Pair:
    key, issuer = ec.generate_private_key(ec.SECP256R1()), _read(authority.certificate)
    names = [x509.DNSName("localhost"), *(x509.IPAddress(each) for each in addresses)]
    built = (
        _begun(_named("Ferryman"), issuer.subject, key.public_key(), at, LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_public_key(issuer)), critical=False
        )
    )
    signed = built.sign(_private_key(authority.key), hashes.SHA256())
    return _write(folder, "server", [signed, issuer], key)


def _begun(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, name, key, x509.random_serial_number())
        .not_valid_before(at - SKEW)
        .not_valid_after(at + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(folder: Path, name: str, chain: list[x509.Certificate], key: ec.EllipticCurvePrivateKey) -> Pair:
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    sealed = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_secret(pair.key, sealed)
    pair.certificate.write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain))
    return pair


def write_secret(path: Path, content: bytes) -> None:
    """Write what only this user may read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101
    return key


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101
    return key
