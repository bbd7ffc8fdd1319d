"""Credentials: where they are looked for, in which order, where they may go, and that they are never shown."""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import quote

import pytest
from tests.catalog.archives.conftest import PASSWORD, SECRET

from fringeworks.catalog.archives.credentials import (
    DATASPACE,
    EARTHDATA,
    REALMS,
    Credential,
    CredentialStore,
    is_private,
    shown,
)
from fringeworks.errors import ConfigurationError


def netrc(tmp_path, text):
    path = tmp_path / "netrc"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return {"NETRC": str(path)}


ENTRY = f'machine urs.earthdata.nasa.gov login ann password "{PASSWORD}"\n'


def test_environment_before_netrc_before_keyring(tmp_path):
    def keyring(service, user):
        return {"token": "from-keyring"}.get(user) if service == "fringeworks-earthdata" else None

    files = netrc(tmp_path, ENTRY)
    assert (
        CredentialStore({**files, "EARTHDATA_TOKEN": SECRET}, keyring=keyring).find(EARTHDATA).token == SECRET
    )
    from_file = CredentialStore(files, keyring=keyring).find(EARTHDATA)
    assert (from_file.user, from_file.password, from_file.token) == ("ann", PASSWORD, "")
    assert CredentialStore({}, keyring=keyring).find(EARTHDATA).token == "from-keyring"
    assert not CredentialStore({}).find(EARTHDATA)


def test_keyring_with_name_and_password():
    held = {("fringeworks-dataspace", "username"): "ann", ("fringeworks-dataspace", "ann"): PASSWORD}
    found = CredentialStore({}, keyring=lambda s, u: held.get((s, u))).find(DATASPACE)
    assert (found.user, found.password) == ("ann", PASSWORD)


def test_netrc_in_the_home_folder(tmp_path):
    (tmp_path / ".netrc").write_text(ENTRY, encoding="utf-8")
    (tmp_path / ".netrc").chmod(0o600)
    assert CredentialStore({"HOME": str(tmp_path)}).find(EARTHDATA).user == "ann"


def test_a_broken_netrc_is_an_error_that_quotes_nothing(tmp_path):
    store = CredentialStore(netrc(tmp_path, f"machine a login b\npassword-of-all {PASSWORD}\n"))
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        store.find(EARTHDATA)
    assert "S3CRET" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_nothing_shows_a_secret():
    store = CredentialStore({"EARTHDATA_TOKEN": SECRET})
    credential = store.find(EARTHDATA)
    assert SECRET not in repr(credential) + str(credential) + repr(store) + f"{store!s}"
    assert "S3CRET" not in repr(Credential(user="a", password=PASSWORD))


def test_scrubbing_covers_every_spelling():
    store = CredentialStore({"EARTHDATA_USERNAME": "ann", "EARTHDATA_PASSWORD": PASSWORD})
    store.find(EARTHDATA)
    store.hide("granted-token")
    pair = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    text = f"{PASSWORD} {quote(PASSWORD, safe='')} Basic {pair} granted-token fine"
    assert store.scrub(text) == "*** *** Basic *** *** fine"


@pytest.mark.parametrize(
    ("url", "realm"),
    [
        ("https://datapool.asf.alaska.edu/SLC/SA/x.zip", "earthdata"),
        ("https://sentinel1-burst.asf.alaska.edu/x", "earthdata"),
        ("https://urs.earthdata.nasa.gov/oauth", "earthdata"),
        ("https://download.dataspace.copernicus.eu/odata", "dataspace"),
        ("https://peps.cnes.fr/resto", "peps"),
        ("https://asf.alaska.edu.evil.example/x", None),
        ("https://evilasf.alaska.edu/x", None),
        ("http://datapool.asf.alaska.edu/x", None),
        ("https://stac.dataspace.copernicus.eu/v1", None),
        ("https://copernicus-dem-30m.s3.amazonaws.com/x", None),
        ("https://datapool.asf.alaska.edu:8443/x", None),
    ],
)
def test_which_address_belongs_to_whom(url, realm):
    found = CredentialStore({}).realm_of(url)
    assert (found.name if found else None) == realm


def test_a_user_may_name_mirrors():
    store = CredentialStore({"FRINGEWORKS_EARTHDATA_HOSTS": "mirror.example, other.example"})
    found = store.realm_of("https://mirror.example/x")
    assert found is not None
    assert found.name == "earthdata"
    assert not store.may_get_password("https://mirror.example/x", found)


def test_realms_do_not_overlap():
    for realm in REALMS:
        for host in (*realm.hosts, *realm.password_hosts):
            assert [
                r.name for r in REALMS if CredentialStore({}, realms=(r,)).realm_of(f"https://{host}/")
            ] == [realm.name]


def test_passwords_go_to_the_sign_in_host_only():
    store = CredentialStore({})
    assert store.may_get_password("https://urs.earthdata.nasa.gov/x", EARTHDATA)
    assert not store.may_get_password("https://datapool.asf.alaska.edu/x", EARTHDATA)
    assert not store.may_get_password("http://urs.earthdata.nasa.gov/x", EARTHDATA)
    assert replace(EARTHDATA).how_to_give.startswith("set EARTHDATA_TOKEN")


def test_what_may_stand_in_a_message():
    assert shown("https://ann:pw@host.example:8443/a/b?X-Signature=abc#d") == "https://host.example:8443/a/b"
    assert is_private("https://host.example/")
    assert is_private("http://127.0.0.1:80/")
    assert not is_private("http://host.example/")
