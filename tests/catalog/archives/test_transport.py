"""Requests: what is waited for, what is refused and with which words, and what is sent to whom."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from email.utils import formatdate

import pytest
from tests.catalog.archives.conftest import PASSWORD, SECRET
from tests.catalog.archives.replay import Answer, as_json

from fringeworks.catalog.archives.transport import MAX_REDIRECTS, Patience
from fringeworks.errors import (
    ArchiveAccessError,
    ArchiveBusyError,
    ArchiveError,
    ConfigurationError,
    NotInArchiveError,
)

TOKEN = {"LAB_TOKEN": SECRET}


def test_an_answer_is_an_answer(server, make_transport):
    server.routes["/a"] = as_json({"x": 1})
    assert make_transport().request("GET", server.url + "/a", params={"q": "1"}).json() == {"x": 1}
    assert server.asked[0].query == {"q": ["1"]}
    assert server.asked[0].headers["user-agent"].startswith("fringeworks/")


def test_a_busy_archive_is_asked_again_after_the_time_it_names(server, make_transport, waits):
    server.routes["/a"] = [Answer(429, headers={"Retry-After": "7"}), Answer(503), Answer(200, b"ok")]
    assert make_transport().request("GET", server.url + "/a").content == b"ok"
    assert waits == [7.0, 2.0]


def test_a_date_in_retry_after_is_understood(server, make_transport, waits):
    when = formatdate(time.time() + 30, usegmt=True)
    server.routes["/a"] = [Answer(429, headers={"Retry-After": when}), Answer(200)]
    make_transport().request("GET", server.url + "/a")
    # whole seconds, and the time the request took
    assert 20 < waits[0] <= 31


def test_patience_is_bounded(server, make_transport, waits):
    server.routes["/a"] = Answer(429, b"slow down", {"Retry-After": "3600"})
    with pytest.raises(ArchiveBusyError, match="answers 429: slow down, and asks to wait 3600 s") as caught:
        make_transport().request("GET", server.url + "/a")
    assert waits == []
    assert caught.value.exit_status == 4


def test_an_archive_that_stays_down_is_an_error_after_all_attempts(server, make_transport, waits):
    server.routes["/a"] = Answer(500, b"<html><title>Oops</title><script>x()</script> broken </html>")
    with pytest.raises(ArchiveBusyError, match="answers 500: Oops broken"):
        make_transport().request("GET", server.url + "/a")
    assert len(server.asked) == 4
    assert waits == [1.0, 2.0, 4.0]


def test_a_silent_archive_is_an_error(server, make_transport):
    server.routes["/a"] = Answer(silent=True)
    transport = make_transport(patience=Patience(connect_s=5, read_s=0.05, attempts=2))
    with pytest.raises(ArchiveBusyError, match=r"no answer within 0\.05 s .* 2 times"):
        transport.request("GET", server.url + "/a")


def test_nobody_there_is_an_error(server, make_transport):
    url = server.url
    server.close()
    with pytest.raises(ArchiveBusyError, match="no connection from"):
        make_transport(patience=Patience(attempts=1)).request("GET", url + "/a?token=hidden")


def test_an_answer_cut_short_is_asked_for_again(server, make_transport):
    server.routes["/a"] = [Answer(200, b"whole answer", cut=3), Answer(200, b"whole answer")]
    assert make_transport().request("GET", server.url + "/a").content == b"whole answer"


def test_not_there(server, make_transport):
    with pytest.raises(NotInArchiveError, match="answers 404"):
        make_transport().request("GET", server.url + "/nowhere?signature=hidden")


def test_messages_hold_no_query(server, make_transport):
    with pytest.raises(ArchiveError) as caught:
        make_transport().request("GET", server.url + "/nowhere?signature=hidden")
    assert "hidden" not in str(caught.value)


def test_other_statuses_are_errors_with_what_was_said(server, make_transport):
    server.routes["/a"] = Answer(422, b"bad bbox")
    with pytest.raises(ArchiveError, match="answers 422: bad bbox"):
        make_transport().request("GET", server.url + "/a")


def test_an_address_that_is_none(make_transport):
    with pytest.raises(ArchiveError, match="cannot be asked"):
        make_transport().request("GET", "http://")


# ---------------------------------------------------------------- credentials


def test_no_credentials_says_where_to_put_them(server, realm, make_transport):
    server.routes["/a"] = Answer(401)
    with pytest.raises(ArchiveAccessError, match=r"set LAB_TOKEN.*machine lab.example.*fringeworks-lab"):
        make_transport(realms=[realm]).request("GET", server.url + "/a")


def test_an_expired_token_says_where_to_renew_it(server, realm, make_transport):
    server.routes["/a"] = Answer(401, f"token {SECRET} expired".encode())
    with pytest.raises(ArchiveAccessError, match=r"renew it at https://lab.example/tokens") as caught:
        make_transport(TOKEN, realms=[realm]).request("GET", server.url + "/a")
    assert SECRET not in str(caught.value)
    assert "token *** expired" in str(caught.value)


def test_a_licence_that_is_not_accepted_says_where_to_accept_it(server, realm, make_transport):
    body = (
        b'{"error_description":"EULA Acceptance Failure","resolution_url":"https://lab.example/accept?id=7"}'
    )
    server.routes["/a"] = Answer(403, body)
    with pytest.raises(ArchiveAccessError, match=r"accept it at https://lab\.example/accept\?id=7"):
        make_transport(TOKEN, realms=[realm]).request("GET", server.url + "/a")
    server.routes["/a"] = Answer(403, b"You must accept the license terms first")
    with pytest.raises(ArchiveAccessError, match=r"accept it at https://lab.example/eula"):
        make_transport(TOKEN, realms=[realm]).request("GET", server.url + "/a")


def test_forbidden_without_a_licence(server, realm, make_transport):
    server.routes["/a"] = Answer(403, b"quota")
    with pytest.raises(ArchiveAccessError, match=r"account that may read this.*ask the archive"):
        make_transport(TOKEN, realms=[realm]).request("GET", server.url + "/a")


def test_a_token_goes_to_its_own_hosts_only_and_no_redirect_carries_it_on(server, realm, make_transport):
    server.routes["/a"] = Answer(302, headers={"Location": f"{server.other_url}/b?sig=1"})
    server.routes["/b"] = Answer(200, b"ok")
    transport = make_transport(TOKEN, realms=[realm])
    assert transport.request("GET", server.url + "/a").content == b"ok"
    first, second = server.asked
    assert first.headers["authorization"] == f"Bearer {SECRET}"
    assert second.host.startswith("localhost")
    assert "authorization" not in second.headers
    assert second.query == {"sig": ["1"]}


def test_coming_back_to_the_own_host_gets_the_token_again(server, realm, make_transport):
    server.routes["/a"] = Answer(302, headers={"Location": f"{server.other_url}/b"})
    server.routes["/b"] = Answer(302, headers={"Location": f"{server.url}/c"})
    server.routes["/c"] = Answer(200, b"ok")
    make_transport(TOKEN, realms=[realm]).request("GET", server.url + "/a")
    assert [("authorization" in a.headers) for a in server.asked] == [True, False, True]


def test_redirects_end(server, make_transport):
    server.routes["/a"] = Answer(302, headers={"Location": "/a"})
    with pytest.raises(ArchiveError, match="redirects"):
        make_transport().request("GET", server.url + "/a")
    assert len(server.asked) == MAX_REDIRECTS


def test_a_redirect_out_of_encryption_is_refused(make_transport):
    class Session:
        def request(self, *_, **__):
            class Response:
                status_code = 302
                headers = {"Location": "http://elsewhere.example/file"}  # noqa: RUF012

                def close(self):
                    pass

            return Response()

        def close(self):
            pass

    transport = make_transport()
    transport._session.close()
    transport._session = Session()
    with pytest.raises(ArchiveError, match="not encrypted"):
        transport.request("GET", "https://safe.example/file?x=1")


def test_name_and_password_go_to_password_hosts(server, realm, make_transport):
    server.routes["/a"] = Answer(200)
    given = {"LAB_USERNAME": "ann", "LAB_PASSWORD": PASSWORD}
    make_transport(given, realms=[realm]).request("GET", server.url + "/a")
    pair = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    assert server.asked[0].headers["authorization"] == f"Basic {pair}"
    token_only = replace(realm, password_hosts=("login.example",))
    make_transport(given, realms=[token_only]).request("GET", server.url + "/a")
    assert "authorization" not in server.asked[1].headers


def test_netrc_is_not_read_behind_our_back(server, make_transport, tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    path.write_text(f"machine 127.0.0.1 login ann password {PASSWORD}\n", encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    server.routes["/a"] = Answer(200)
    make_transport().request("GET", server.url + "/a")
    assert "authorization" not in server.asked[0].headers


GIVEN = {"LAB_USERNAME": "ann", "LAB_PASSWORD": PASSWORD}


def granting(server, realm):
    return {**GIVEN, "FRINGEWORKS_DATASPACE_TOKEN_URL": server.url + "/token"}, replace(
        realm, token_endpoint="dataspace-token", password_hosts=()
    )


def test_a_token_is_asked_for_once_and_renewed_when_it_expires(server, realm, make_transport):
    environment, with_tokens = granting(server, realm)
    server.routes["/token"] = [as_json({"access_token": "first"}), as_json({"access_token": "second"})]
    server.routes["/a"] = [Answer(200), Answer(401), Answer(200, b"ok")]
    transport = make_transport(environment, realms=[with_tokens])
    transport.request("GET", server.url + "/a")
    assert transport.request("GET", server.url + "/a").content == b"ok"
    assert [a.headers.get("authorization") for a in server.at("/a")] == [
        "Bearer first",
        "Bearer first",
        "Bearer second",
    ]
    form = server.at("/token")[0].form
    assert form["username"] == ["ann"]
    assert form["password"] == [PASSWORD]


def test_a_token_that_is_refused_twice_is_an_error(server, realm, make_transport):
    environment, with_tokens = granting(server, realm)
    server.routes["/token"] = as_json({"access_token": "same"})
    server.routes["/a"] = Answer(401)
    with pytest.raises(ArchiveAccessError, match="renew"):
        make_transport(environment, realms=[with_tokens]).request("GET", server.url + "/a")
    assert len(server.at("/a")) == 2


def test_a_wrong_password_says_so_without_showing_it(server, realm, make_transport):
    environment, with_tokens = granting(server, realm)
    server.routes["/token"] = Answer(401, f"Invalid user credentials {PASSWORD}".encode())
    with pytest.raises(ArchiveAccessError, match=r"gives no token.*Invalid user credentials") as caught:
        make_transport(environment, realms=[with_tokens]).request("GET", server.url + "/a")
    assert PASSWORD not in str(caught.value)
    assert server.at("/a") == []


def test_a_password_is_not_sent_in_the_clear(server, realm, make_transport):
    environment, with_tokens = granting(server, realm)
    environment["FRINGEWORKS_DATASPACE_TOKEN_URL"] = "http://elsewhere.example/token"
    with pytest.raises(ConfigurationError, match="not encrypted"):
        make_transport(environment, realms=[with_tokens]).request("GET", server.url + "/a")
