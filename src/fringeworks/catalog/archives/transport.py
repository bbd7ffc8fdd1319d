"""The one seam to the network: requests with time limits, bounded patience, careful redirects and errors that help."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from fringeworks import __version__
from fringeworks.catalog.archives.credentials import Credential, CredentialStore, Realm, is_private, shown
from fringeworks.catalog.archives.endpoints import address
from fringeworks.catalog.archives.extras import need
from fringeworks.errors import (
    ArchiveAccessError,
    ArchiveBusyError,
    ArchiveError,
    ConfigurationError,
    NotInArchiveError,
)

MAX_REDIRECTS: Final = 10
_LICENCE = re.compile(r"\beula|licen[cs]e|terms of use|terms and conditions|unaccepted", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for an archive.

    Attributes
    ----------
    connect_s, read_s : float
        Time limits of a connection and between two pieces of an answer [s].
    attempts : int
        How often a request is made when the archive is busy or silent.
    longest_wait_s : float
        Longest single wait between two attempts [s]; an archive that asks for more gets an error instead.
    """

    connect_s: float = 10.0
    read_s: float = 60.0
    attempts: int = 4
    longest_wait_s: float = 120.0


class Transport:
    """Makes requests.

    Parameters
    ----------
    credentials : CredentialStore
        What may be sent where.
    patience : Patience
        Time limits.
    sleep : callable
        Waits so many seconds.
    """

    def __init__(
        self,
        credentials: CredentialStore,
        *,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.credentials = credentials
        self.patience = patience or Patience()
        self._sleep = sleep
        self._requests = need("requests")
        self._session = self._requests.Session()
        self._session.headers["User-Agent"] = f"fringeworks/{__version__}"
        self._granted: dict[str, str] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables."""
        return self.credentials.environment

    @property
    def broken(self) -> tuple[type[Exception], ...]:
        """Errors that reading a streamed body raises when the connection breaks."""
        kinds = self._requests.exceptions
        return kinds.ChunkedEncodingError, kinds.ConnectionError, kinds.Timeout, kinds.ContentDecodingError

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        accept: tuple[int, ...] = (200,),
        params: Mapping[str, Any] | None = None,
        form: Any = None,
        document: Any = None,
    ) -> Any:
        """Make a request and return the answer; wait and ask again where the archive is busy.

        Parameters
        ----------
        method, url : str
            What to ask.
        headers : mapping, optional
            Beyond the usual ones; ``Authorization`` is added where the host may have it.
        stream : bool
            Leave the body to be read piece by piece; the caller closes the answer.
        accept : tuple of int
            Statuses that are an answer.
        params : mapping, optional
            Query of the address.
        form : mapping or sequence of pairs, optional
            Body as a form.
        document : object, optional
            Body as JSON.

        Returns
        -------
        requests.Response

        Raises
        ------
        ArchiveAccessError
            401 or 403: the message says how to renew or what to accept.
        ArchiveBusyError
            429, 5xx, no connection or no answer, after all attempts.
        NotInArchiveError
            404 or 410.
        ArchiveError
            Any other status, or redirects without end.
        """
        renewed = False
        content = {k: v for k, v in (("params", params), ("data", form), ("json", document)) if v is not None}
        for attempt in range(1, self.patience.attempts + 1):
            last = attempt == self.patience.attempts
            try:
                response = self._follow(
                    method, url, headers=dict(headers or {}), stream=stream, content=content
                )
            except self._requests.RequestException as error:
                if last or not self._may_pass(error):
                    raise self._silent(url, error) from None
                self._sleep(_backoff(attempt))
                continue
            if response.status_code in accept:
                return response
            wait = self._wait_for(response, attempt)
            if response.status_code == 401 and not renewed and self._forget_granted(response.url):
                renewed, wait = True, 0.0
            if wait is None or last or wait > self.patience.longest_wait_s:
                raise self._refusal(response, wait)
            response.close()
            self._sleep(wait)
        raise ArchiveBusyError(f"{shown(url)} was asked {self.patience.attempts} times")

    # ------------------------------------------------------------ one request

    def _follow(
        self, method: str, url: str, *, headers: dict[str, str], stream: bool, content: dict[str, Any]
    ) -> Any:
        """Follow redirects ourselves: at every hop only what belongs to that host is sent."""
        start = url
        for _ in range(MAX_REDIRECTS):
            response = self._session.request(
                method,
                url,
                headers=headers,
                auth=_Header(self._authorization(url)),
                stream=stream,
                allow_redirects=False,
                timeout=(self.patience.connect_s, self.patience.read_s),
                **content,
            )
            place = response.headers.get("Location", "")
            if response.status_code not in {301, 302, 303, 307, 308} or not place:
                return response
            response.close()
            target = urljoin(url, place)
            if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
                raise ArchiveError(
                    f"{shown(url)} leads to {shown(target)}, which is not encrypted",
                    expected="https",
                    hint="take another --provider or mirror",
                )
            if response.status_code == 303 or (response.status_code in {301, 302} and method == "POST"):
                method, content = "GET", {}
            content = {k: v for k, v in content.items() if k != "params"}
            url = target
        raise ArchiveError(
            f"{shown(start)} leads on and on ({MAX_REDIRECTS} redirects)",
            expected="a file",
            hint="credentials may be missing: some archives lead to a sign-in page and back",
        )

    def _authorization(self, url: str) -> str:
        realm = self.credentials.realm_of(url)
        if realm is None:
            return ""
        credential = self.credentials.find(realm)
        if credential.token:
            return f"Bearer {credential.token}"
        if realm.token_endpoint and credential:
            return f"Bearer {self._grant(realm, credential)}"
        if credential and self.credentials.may_get_password(url, realm):
            pair = f"{credential.user}:{credential.password}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        return ""

    def _grant(self, realm: Realm, credential: Credential) -> str:
        """Return a token for user name and password, asked for once and kept in memory."""
        if realm.name not in self._granted:
            where = address(realm.token_endpoint, self.environment)
            if not is_private(where):
                raise ConfigurationError(
                    f"{shown(where)} is not encrypted", expected="https, where a password is sent"
                )
            form = {
                "client_id": "cdse-public",
                "grant_type": "password",
                "username": credential.user,
                "password": credential.password,
            }
            response = self._session.request(
                "POST",
                where,
                data=form,
                auth=_Header(""),
                allow_redirects=False,
                timeout=(self.patience.connect_s, self.patience.read_s),
            )
            token = _json_text(response, "access_token")
            if response.status_code != 200 or not token:
                raise ArchiveAccessError(
                    f"{realm.title} gives no token ({response.status_code}: {self._excerpt(response)})",
                    expected="a valid user name and password",
                    hint=f"check those from {credential.source}; {realm.renew}",
                )
            self.credentials.hide(token)
            self._granted[realm.name] = token
        return self._granted[realm.name]

    def _forget_granted(self, url: str) -> bool:
        realm = self.credentials.realm_of(url)
        return realm is not None and self._granted.pop(realm.name, None) is not None

    # ------------------------------------------------------------ what went wrong

    def _wait_for(self, response: Any, attempt: int) -> float | None:
        """Return how long to wait before asking again; None where asking again is of no use."""
        if response.status_code not in {202, 408, 425, 429, 500, 502, 503, 504}:
            return None
        asked = _retry_after(response.headers.get("Retry-After", ""))
        return _backoff(attempt) if asked is None else asked

    def _may_pass(self, error: Exception) -> bool:
        kinds = self._requests.exceptions
        passing = (kinds.ConnectionError, kinds.Timeout, kinds.ChunkedEncodingError)
        return isinstance(error, passing) and not isinstance(error, kinds.SSLError)

    def _silent(self, url: str, error: Exception) -> ArchiveError:
        if not self._may_pass(error):  # the error's own text may hold the whole address
            return ArchiveError(
                f"{shown(url)} cannot be asked ({type(error).__name__})",
                expected="a sound https address with a valid certificate",
                hint="check the address and this machine's certificates",
            )
        late = isinstance(error, self._requests.Timeout)
        what = f"no answer within {self.patience.read_s:g} s" if late else "no connection"
        return ArchiveBusyError(
            f"{what} from {shown(url)}, {self.patience.attempts} times",
            expected="an archive that answers",
            hint="check the network, try later, take another --provider, or work with --offline",
        )

    def _refusal(self, response: Any, wait: float | None) -> ArchiveError:
        status, where = response.status_code, shown(response.url)
        text = self._excerpt(response)
        response.close()
        said = f"{where} answers {status}" + (f": {text}" if text else "")
        if status == 401:
            return self._unauthorised(said, response.url)
        if status == 403:
            return self._forbidden(said, text, response.url)
        if status in {404, 410}:
            return NotInArchiveError(
                said,
                expected="a file that the archive holds",
                hint="check the name, or take another --provider",
            )
        if wait is not None:
            asks = f", and asks to wait {wait:.0f} s" if response.headers.get("Retry-After") else ""
            return ArchiveBusyError(
                said + asks, expected="an archive that answers", hint="try later, or take another --provider"
            )
        return ArchiveError(said, expected="an answer", hint="take another --provider, or report the message")

    def _unauthorised(self, said: str, url: str) -> ArchiveAccessError:
        realm = self.credentials.realm_of(url)
        if realm is None:
            return ArchiveAccessError(
                said,
                expected="access without sign-in",
                hint="this archive needs credentials that are not known",
            )
        credential = self.credentials.find(realm)
        if not credential:
            return ArchiveAccessError(
                said,
                expected=f"credentials of {realm.title}",
                hint=f"{realm.how_to_give}; an account is free: {realm.renew}",
            )
        return ArchiveAccessError(
            said,
            expected="a token that is still valid",
            hint=f"the one from {credential.source} is expired or wrong: renew it at {realm.renew}",
        )

    def _forbidden(self, said: str, text: str, url: str) -> ArchiveAccessError:
        realm = self.credentials.realm_of(url)
        if _LICENCE.search(text):
            named = _ADDRESS.search(text)
            place = named[0].rstrip(".,;)") if named else (realm.licences if realm else "the archive's site")
            return ArchiveAccessError(
                said,
                expected="an accepted licence (EULA)",
                hint=f"sign in and accept it at {place}, then ask again",
            )
        hint = (
            realm.how_to_give if realm and not self.credentials.find(realm) else "ask the archive for access"
        )
        return ArchiveAccessError(said, expected="an account that may read this", hint=hint)

    def _excerpt(self, response: Any) -> str:
        """Return the start of an error's body as one line of plain text, without secrets."""
        try:
            raw = next(response.iter_content(4096), b"")
        except (self._requests.RequestException, OSError):
            return ""
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
        return self.credentials.scrub(" ".join(text.split()))[:300]


class _Header:
    """Sets the authorisation of one request, or none; keeps the library from reading netrc on its own."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers.pop("Authorization", None)
        if self._value:
            request.headers["Authorization"] = self._value
        return request


def _backoff(attempt: int) -> float:
    return float(2 ** (attempt - 1))


def _retry_after(text: str) -> float | None:
    """Read ``Retry-After``: seconds, or a date (RFC 9110, section 10.2.3)."""
    text = text.strip()
    if text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(when.timestamp() - time.time(), 0.0)


def _json_text(response: Any, key: str) -> str:
    try:
        return str(response.json().get(key) or "")
    except (ValueError, AttributeError):
        return ""
