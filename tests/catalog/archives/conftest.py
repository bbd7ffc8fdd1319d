"""Fixtures of the archives' tests: the replaying server, and a transport that never really waits."""

from __future__ import annotations

import pytest
from tests.catalog.archives.replay import Replay

from fringeworks.catalog.archives.credentials import CredentialStore, Realm
from fringeworks.catalog.archives.transport import Patience, Transport

SECRET = "tok/en+S3CRET=="
PASSWORD = "pass word&S3CRET"


@pytest.fixture
def server():
    replay = Replay()
    yield replay
    replay.close()


@pytest.fixture
def realm(server):
    """Give a realm that owns 127.0.0.1 at the server's port, and not localhost."""
    return Realm(
        name="lab",
        title="Lab Login",
        hosts=(f"127.0.0.1:{server.port}",),
        password_hosts=(f"127.0.0.1:{server.port}",),
        machine="lab.example",
        token_variable="LAB_TOKEN",
        user_variable="LAB_USERNAME",
        password_variable="LAB_PASSWORD",
        renew="https://lab.example/tokens",
        licences="https://lab.example/eula",
    )


class Waits(list):
    """Remembers how long a transport would have waited."""

    def __call__(self, seconds):
        self.append(seconds)


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def make_transport(waits):
    made = []

    def make(environment=None, *, realms=(), patience=None, keyring=None):
        store = CredentialStore(environment or {}, realms=tuple(realms), keyring=keyring)
        made.append(Transport(store, patience=patience or Patience(connect_s=5, read_s=5), sleep=waits))
        return made[-1]

    yield make
    for transport in made:
        transport.close()
