"""A MongoDB with users and TLS: the rights of docs/reference.md are enough, and what is refused is told."""

from __future__ import annotations

import contextlib
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, authority, issue
from members import Member, member
from pymongo import MongoClient

from lake import cli, contracts, mirror
from lake.errors import StoreRefused
from lake.mirror_proof import differences
from lake.settings import settings
from lake.store import open_store

#: Users by name, and what they may write beside the right to read: docs/reference.md, «Rights in MongoDB».
WRITES: dict[str, dict[str, list[str]]] = {
    "reader": {},
    "builder": {
        "_leases": ["insert", "update", "remove"],
        "_runs": ["insert", "update"],
        "_facts": ["insert", "update"],
    },
    "portal": {
        "_views": ["insert", "update", "remove"],
        "_usage": ["insert", "update"],
        "_prototypes": ["insert"],
    },
}


@dataclass(frozen=True)
class Guarded:
    """A member that wants TLS, a certificate and a user."""

    server: Member
    trusted: Path
    certificate: Path
    authority: Authority

    def uri(
        self, user: str | None, *, password: str = "p@ss", host: str = "localhost", tls: dict[str, str] | None = None
    ) -> str:
        who = "" if user is None else f"{user}:{password.replace('@', '%40')}@"
        own = {"tls": "true", "tlsCAFile": str(self.trusted), "tlsCertificateKeyFile": str(self.certificate)}
        options = "".join(f"&{name}={value}" for name, value in (own if tls is None else tls).items())
        address = f"mongodb://{who}{host}:{self.server.port}/"
        return f"{address}?authSource=admin&directConnection=true&serverSelectionTimeoutMS=3000{options}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    trusted = authority(folder, "trusted")
    certificate = issue(trusted, "client")
    key = folder / "key"
    key.write_text("a" * 64)
    key.chmod(0o600)
    tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(issue(trusted, "localhost"))]
    tls += ["--tlsCAFile", str(trusted.path)]
    trust: dict[str, Any] = {"tls": True, "tlsCAFile": str(trusted.path), "tlsCertificateKeyFile": str(certificate)}
    with member(folder / "db", "--keyFile", str(key), *tls, **trust) as server:
        server.client.admin.command("createUser", "root", pwd="p@ss", roles=["root"])
        found = Guarded(server, trusted.path, certificate, trusted)
        with MongoClient[dict[str, Any]](found.uri("root")) as root:
            _users(root)
        yield found


def _users(root: MongoClient[dict[str, Any]]) -> None:
    def user(name: str, *roles: dict[str, str]) -> None:
        root.admin.command("createUser", name, pwd="p@ss", roles=list(roles))

    for name, writes in WRITES.items():
        rights = [{"resource": {"db": "lake", "collection": c}, "actions": actions} for c, actions in writes.items()]
        read = {"role": "read", "db": "lake"}
        root["lake"].command("createRole", f"lake_{name}", privileges=rights, roles=[read])
        user(name, {"role": f"lake_{name}", "db": "lake"})
    user("lander", {"role": "readWrite", "db": "lake"})
    user("nobody")


@pytest.fixture
def acting(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`acting("reader")` opens the lake as that user from here on."""

    def as_user(name: str | None, **options: Any) -> None:
        monkeypatch.setenv("LAKE_MONGO_URI", guarded.uri(name, **options))
        settings.cache_clear()

    yield as_user
    as_user("root")
    with open_store() as store:
        store.drop()


def command(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["lake", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


@pytest.fixture
def landed(acting: Any, zoo: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A lake of one source that one user landed and another mirrored."""
    monkeypatch.setattr(contracts, "catalogue", lambda folder=Path(): {zoo.contract.name: zoo.contract})
    acting("lander")
    with open_store() as store:
        zoo.land(store, [{"visit_id": "v1"}, {"visit_id": "v2"}])
    acting("builder")
    with open_store() as store:
        assert mirror.mirror(store, zoo.contract).records == 2
    return zoo


@pytest.mark.parametrize(
    "words",
    ["mirror --verify", "quarantine list", "columns list", "prototype list", "runs --limit 1", "status"],
)
def test_who_may_only_read_can_read(landed: Any, acting: Any, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    acting("reader")
    assert command(monkeypatch, *words.split()) == 0


def test_what_a_reader_compares_is_compared(landed: Any, acting: Any) -> None:
    acting("reader")
    with open_store() as store:
        assert differences(store, landed.contract) == []
        assert store.control_totals(landed.contract).records == 2
        assert store.answers()


def test_the_portal_keeps_views_use_and_events_with_its_own_rights(landed: Any, acting: Any) -> None:
    acting("portal")
    with open_store() as store:
        store.views.put("v", {"name": "mine"})
        store.views.remove("v")
        store.usage.add({"2026-12-01 x": ({"what": "x"}, 1)})
        store.prototypes.append("opinion", {"stars": 5})
        assert store.views.get("v") is None
        assert [d["n"] for d in store.usage.find("2026")] == [1]


def test_a_refused_right_names_the_command_and_the_collection_and_is_not_tried_again(
    landed: Any, acting: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    acting("reader")
    with open_store() as store, pytest.raises(StoreRefused, match=r"'insert' on lake\._leases.*docs/reference\.md"):
        landed.land(store, [{"visit_id": "v3"}])
    assert command(monkeypatch, "mirror") == 77
    assert "the right to 'insert' on lake._leases" in capsys.readouterr().err
    acting("nobody")
    assert command(monkeypatch, "runs") == 77
    assert "the right to 'find' on lake._runs" in capsys.readouterr().err


def test_a_wrong_password_is_told_and_not_repeated(acting: Any) -> None:
    acting("reader", password="secret-and-wrong")
    with pytest.raises(StoreRefused, match="refuses the user or the password") as caught, open_store():
        pass
    assert caught.value.exit_code == 77
    assert "secret-and-wrong" not in str(caught.value)


def test_an_address_without_a_user_says_how_to_write_one(acting: Any) -> None:
    acting(None)
    with open_store() as store, pytest.raises(StoreRefused, match=r"names none that it knows.*authSource"):
        store.files()


@pytest.mark.parametrize(
    "wrong",
    ["no tls", "a server of a strange authority", "no certificate of ours", "a certificate of a strange authority"],
)
def test_certificates_that_one_side_does_not_trust_are_told(
    acting: Any, guarded: Guarded, tmp_path: Path, wrong: str
) -> None:
    stranger = authority(tmp_path, "stranger")
    trust, own = {"tls": "true", "tlsCAFile": str(guarded.trusted)}, str(guarded.certificate)
    chosen: dict[str, dict[str, str]] = {
        "no tls": {},
        "a server of a strange authority": {**trust, "tlsCAFile": str(stranger.path), "tlsCertificateKeyFile": own},
        "no certificate of ours": trust,
        "a certificate of a strange authority": {**trust, "tlsCertificateKeyFile": str(issue(stranger, "client"))},
    }
    acting("reader", tls=chosen[wrong])
    with pytest.raises(StoreRefused, match=r"do not agree on TLS.*tlsCAFile") as caught, open_store():
        pass
    assert caught.value.exit_code == 77


def test_a_certificate_of_ours_that_expired_is_told_with_its_day(acting: Any, guarded: Guarded, tmp_path: Path) -> None:
    old = issue(guarded.authority, "client", days=-1)
    acting("reader", tls={"tls": "true", "tlsCAFile": str(guarded.trusted), "tlsCertificateKeyFile": str(old)})
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with (
        pytest.raises(StoreRefused, match=rf"own certificate .* expired on {yesterday:%d/%m/%Y}.*renewed"),
        open_store(),
    ):
        pass


def test_a_certificate_of_the_server_that_expired_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mongod does not start with one: it runs until it is started anew. So a listener that speaks TLS stands for it."""
    trusted = authority(tmp_path, "trusted")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issue(trusted, "localhost", days=-1))

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                context.wrap_socket(self.request, server_side=True).close()

    with socketserver.ThreadingTCPServer(("localhost", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"mongodb://localhost:{server.server_address[1]}/?tls=true&tlsCAFile={trusted.path}"
        monkeypatch.setenv("LAKE_MONGO_URI", f"{uri}&directConnection=true&serverSelectionTimeoutMS=3000")
        settings.cache_clear()
        with (
            pytest.raises(StoreRefused, match=r"certificate of the server .* has expired.*renewed") as caught,
            open_store(),
        ):
            pass
        server.shutdown()
    assert caught.value.exit_code == 77


def test_a_certificate_of_another_host_is_told(acting: Any) -> None:
    acting("reader", host="127.0.0.1")
    with pytest.raises(StoreRefused, match=r"do not agree on TLS.*bear the host's name"), open_store():
        pass


def test_the_reference_says_which_rights_every_command_needs_that_opens_the_lake() -> None:
    reference = (settings().policy.parents[2] / "docs" / "reference.md").read_text("utf-8")
    table = reference.partition("## Rights in MongoDB")[2].partition("## Errors")[0]
    for path in sorted(Path(cli.__file__).parent.glob("*.py")):
        if re.search(r"with .*open_store\(\)", path.read_text("utf-8")):
            name = {"checks": "check", "portal": "demo"}.get(path.stem, path.stem)
            assert f"`lake {name}" in table, f"the rights that 'lake {name}' needs are not in docs/reference.md"
    for user, writes in WRITES.items():
        for collection in writes:
            assert f"`{collection}`" in table, f"{user} needs {collection}"
