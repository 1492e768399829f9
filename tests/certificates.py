"""Certificates of the test's own, made with `cryptography`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `path` is its own, which clients trust."""

    path: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def authority(folder: Path, name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(name, key, None, key, name).sign(key, hashes.SHA256())
    path = folder / f"{name}.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(path, key, certificate)


def issue(by: Authority, host: str, *, days: int = 30) -> Path:
    """A certificate of a host, valid for so many days from now, and its key in the same file, as mongod reads them."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = by.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    certificate = _certificate(host, key, host, by.key, str(issuer), days).sign(by.key, hashes.SHA256())
    path = by.path.with_name(f"{by.path.stem}-{host}{days}.pem")
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    path.chmod(0o600)
    return path


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    host: str | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: str,
    days: int = 30,
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(days=400)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=400 + days))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if host is None:
        return builder
    return builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
