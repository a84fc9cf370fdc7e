"""Certificates for servers of the tests, good and bad, and the authority that signs them."""

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fault_server import LOOPBACK

DAY = timedelta(days=1)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True, kw_only=True)
class Authority:
    """An authority, whose own certificate clients are told to trust, and a folder to work in."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def context(self, host: str = LOOPBACK, *, days_left: int = 30) -> ssl.SSLContext:
        """Make the TLS context of a server that shows a certificate of this authority."""
        return _loaded(self.pem(host, days_left=days_left))

    def pem(self, host: str = LOOPBACK, *, days_left: int = 30) -> Path:
        """Write a certificate of this authority with its key, and give the file."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = build(host, key, self.certificate.subject, days_left).sign(self.key, hashes.SHA256())
        return _written(self.folder, key, made)

    def self_signed(self, host: str = LOOPBACK) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        made = build(host, key, named(host), 30).sign(key, hashes.SHA256())
        return _loaded(_written(self.folder, key, made))

    def old_version(self) -> ssl.SSLContext:
        """Make the context of a server that knows no TLS after 1.0."""
        context = self.context()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context


def build(
    host: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, days_left: int
) -> x509.CertificateBuilder:
    until = datetime.now(UTC) + days_left * DAY
    general = x509.IPAddress(ip_address(host)) if host == LOOPBACK else x509.DNSName(host)
    return (
        x509.CertificateBuilder()
        .subject_name(named(host))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 60 * DAY)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([general]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )


def _written(folder: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Path:
    file = folder / f"{certificate.serial_number}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return file


def _loaded(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def authority(folder: Path) -> Authority:
    """Make an authority, and write the file that its clients trust."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), named("tests"), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Authority(folder=folder, key=key, certificate=certificate)
    made.file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return made
