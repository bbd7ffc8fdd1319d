"""Credentials: taken from the environment, netrc or the keyring, sent only to the hosts they belong to, never written.

A credential belongs to a realm, and a realm names its hosts.  At every hop of a redirect chain the question is asked
anew, so that nothing follows a redirect to a storage host or anywhere else.
"""

from __future__ import annotations

import base64
import netrc
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from fringeworks.errors import ConfigurationError

KeyringLookup = Callable[[str, str], str | None]
"""Service and user name to secret; None where the keyring holds none."""

_HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class Realm:
    """Who issues a credential, and where it may go.

    Attributes
    ----------
    name : str
        Short name; also in ``FRINGEWORKS_<NAME>_HOSTS`` (more hosts, for mirrors, separated by commas) and in the
        keyring's service name ``fringeworks-<name>``.
    title : str
        Name a person knows it by.
    hosts : tuple of str
        Hosts, with all below them, that get the token.
    password_hosts : tuple of str
        Hosts that get user name and password.
    machine : str
        Entry of the netrc file.
    token_variable, user_variable, password_variable : str
        Environment variables.
    token_endpoint : str
        Key of the endpoint that gives a token for user name and password; empty where none does.
    renew : str
        Where a person makes a new token or account.
    licences : str
        Where a person accepts licences.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    password_hosts: tuple[str, ...]
    machine: str
    token_variable: str
    user_variable: str
    password_variable: str
    token_endpoint: str = ""
    renew: str
    licences: str

    @property
    def hosts_variable(self) -> str:
        """Environment variable that names more hosts the credentials may go to."""
        return f"FRINGEWORKS_{self.name.upper()}_HOSTS"

    @property
    def how_to_give(self) -> str:
        """One sentence that says where credentials are looked for."""
        return (
            f"set {self.token_variable}, or {self.user_variable} and {self.password_variable}, or a netrc entry of machine "
            f"{self.machine}, or the keyring's service fringeworks-{self.name}"
        )


EARTHDATA: Final = Realm(
    name="earthdata",
    title="NASA Earthdata Login",
    hosts=("asf.alaska.edu", "earthdata.nasa.gov", "earthdatacloud.nasa.gov"),
    password_hosts=("urs.earthdata.nasa.gov",),
    machine="urs.earthdata.nasa.gov",
    token_variable="EARTHDATA_TOKEN",
    user_variable="EARTHDATA_USERNAME",
    password_variable="EARTHDATA_PASSWORD",
    renew="https://urs.earthdata.nasa.gov/user_tokens",
    licences="https://urs.earthdata.nasa.gov/users/-/unaccepted_eulas",
)
DATASPACE: Final = Realm(
    name="dataspace",
    title="Copernicus Data Space",
    hosts=("download.dataspace.copernicus.eu", "zipper.dataspace.copernicus.eu"),
    password_hosts=(),
    machine="dataspace.copernicus.eu",
    token_variable="CDSE_TOKEN",
    user_variable="CDSE_USERNAME",
    password_variable="CDSE_PASSWORD",
    token_endpoint="dataspace-token",
    renew="https://dataspace.copernicus.eu",
    licences="https://dataspace.copernicus.eu",
)
PEPS: Final = Realm(
    name="peps",
    title="PEPS",
    hosts=("peps.cnes.fr",),
    password_hosts=("peps.cnes.fr",),
    machine="peps.cnes.fr",
    token_variable="PEPS_TOKEN",
    user_variable="PEPS_USERNAME",
    password_variable="PEPS_PASSWORD",
    renew="https://peps.cnes.fr",
    licences="https://peps.cnes.fr",
)
REALMS: Final = (EARTHDATA, DATASPACE, PEPS)
"""Every realm; a host belongs to one at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A token, or user name and password; neither is ever shown.

    Attributes
    ----------
    token : str
        Bearer token; empty where there is none.
    user, password : str
        Empty where there are none.
    source : str
        Where it comes from, for messages.
    """

    token: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    source: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.token or (self.user and self.password))


class CredentialStore:
    """Credentials by realm, looked up when first asked for and kept in memory only.

    Parameters
    ----------
    environment : mapping of str to str
        Environment variables; ``NETRC`` and ``HOME`` say where the netrc file lies.
    keyring : callable, optional
        Asked last; :func:`system_keyring` in the program, None for no keyring.
    realms : tuple of Realm
        Those known.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        keyring: KeyringLookup | None = None,
        realms: tuple[Realm, ...] = REALMS,
    ) -> None:
        self.environment = environment
        self._keyring = keyring
        self._realms = realms
        self._found: dict[str, Credential] = {}
        self._secrets: set[str] = set()

    def __repr__(self) -> str:
        """Return the names of the realms, nothing else."""
        return f"CredentialStore({', '.join(r.name for r in self._realms)})"

    def realm_of(self, url: str) -> Realm | None:
        """Return the realm an address belongs to, None for a public one or one over plain http to another machine."""
        host = _may_carry_secrets(url)
        for realm in self._realms:
            mirrors = self.environment.get(realm.hosts_variable, "").split(",")
            hosts = (*realm.hosts, *realm.password_hosts, *(m.strip() for m in mirrors if m.strip()))
            if host and any(_is_below(host, h) for h in hosts):
                return realm
        return None

    def may_get_password(self, url: str, realm: Realm) -> bool:
        """Return whether user name and password may go to an address."""
        host = _may_carry_secrets(url)
        return bool(host) and any(_is_below(host, h) for h in realm.password_hosts)

    def find(self, realm: Realm) -> Credential:
        """Return the credential of a realm; an empty one where none is given.

        Raises
        ------
        ConfigurationError
            The netrc file cannot be read.
        """
        if realm.name not in self._found:
            self._found[realm.name] = (
                self._from_environment(realm) or self._from_netrc(realm) or self._from_keyring(realm)
            )
            self._hide_credential(self._found[realm.name])
        return self._found[realm.name]

    def hide(self, *secrets: str) -> None:
        """Remember texts that must never be shown."""
        for secret in secrets:
            if secret:
                self._secrets |= {secret, quote(secret, safe="")}

    def _hide_credential(self, credential: Credential) -> None:
        self.hide(credential.token, credential.password)
        if credential.password:
            pair = f"{credential.user}:{credential.password}"
            self.hide(base64.b64encode(pair.encode()).decode())

    def scrub(self, text: str) -> str:
        """Return a text with every secret replaced by three stars, those that were not used yet among them."""
        for realm in self._realms:
            self._hide_credential(self._from_environment(realm))
            with suppress(ConfigurationError):
                self._hide_credential(self._from_netrc(realm))
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text

    def _from_environment(self, realm: Realm) -> Credential:
        get = self.environment.get
        return Credential(
            token=get(realm.token_variable, "").strip(),
            user=get(realm.user_variable, ""),
            password=get(realm.password_variable, ""),
            source="the environment",
        )

    def _from_netrc(self, realm: Realm) -> Credential:
        path = _netrc_path(self.environment)
        if path is None:
            return Credential()
        try:
            entry = netrc.netrc(str(path)).authenticators(realm.machine)
        except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
            line = getattr(error, "lineno", None)
            raise ConfigurationError(  # the error itself may quote the file
                f"{path} cannot be read" + (f" (line {line})" if line else ""),
                expected="lines such as: machine HOST login NAME password SECRET",
                hint="correct the file, or set NETRC to another one",
            ) from None
        if entry is None:
            return Credential()
        return Credential(user=entry[0] or "", password=entry[2] or "", source=str(path))

    def _from_keyring(self, realm: Realm) -> Credential:
        if self._keyring is None:
            return Credential()
        service = f"fringeworks-{realm.name}"
        token = self._keyring(service, "token") or ""
        user = self._keyring(service, "username") or ""
        password = (self._keyring(service, user) or "") if user else ""
        return Credential(token=token, user=user, password=password, source="the keyring")


def system_keyring(service: str, user: str) -> str | None:
    """Ask the system's keyring; None where it is not installed, locked or empty."""
    try:
        import keyring  # noqa: PLC0415
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        return None
    try:
        secret = keyring.get_password(service, user)
    except (keyring.errors.KeyringError, OSError):
        return None
    return str(secret) if secret is not None else None


def shown(url: str) -> str:
    """Return an address without its query, fragment, user name and password: what may stand in a message."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def is_private(url: str) -> bool:
    """Return whether secrets may be sent to an address at all: encrypted, or on this machine."""
    return bool(_may_carry_secrets(url))


def _may_carry_secrets(url: str) -> str:
    """Return ``host`` or ``host:port`` of an address that is encrypted or on this machine; else nothing."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "https" and host not in {"127.0.0.1", "localhost", "::1"}:
        return ""
    return f"{host}:{parts.port}" if parts.port else host


def _is_below(host: str, domain: str) -> bool:
    domain = domain.lower()
    return host == domain or host.endswith(f".{domain}")


def _netrc_path(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("NETRC", "")
    home = environment.get("HOME", "")
    candidates = [Path(named)] if named else [Path(home) / ".netrc", Path(home) / "_netrc"] if home else []
    return next((p for p in candidates if p.is_file()), None)
