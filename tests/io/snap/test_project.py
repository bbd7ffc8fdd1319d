"""project.conf of both versions: what is read, what is reported, what is refused."""

from __future__ import annotations

import pytest
from tests.io.snap.snapfiles import write_conf_1, write_conf_2

from fringeworks.errors import DamagedFileError, MetadataMismatchError, MissingInputError, UnsafeInputError
from fringeworks.io.snap import read_project


def texts(project, topic):
    return [f.text for f in project.findings if f.topic == topic]


def test_version_1_is_plain_lines(tmp_path):
    project = read_project(write_conf_1(tmp_path / "project.conf"))
    assert project.version == 1
    assert project.text("IW1") == "IW2"
    assert project.text("LATMAX") == "38.2"
    assert project.text("POLARISATION") == ""
    assert project.entries["CPU"].line == 12
    assert project.findings == ()


def test_version_2_has_sections(tmp_path):
    project = read_project(write_conf_2(tmp_path / "project.conf"))
    assert project.version == 2
    assert project.text("MASTERSEL") == "AUTO"
    assert project.text("AUTODOWNLOAD") == "Y"
    assert project.entries["CACHE"].section == "COMPUTING_RESOURCES"
    assert project.unknown == ()


def test_names_and_passwords_are_not_kept(tmp_path):
    path = write_conf_2(tmp_path / "project.conf")
    path.write_text(path.read_text() + "MY_PASSWORD = hunter2 # comment\n")
    project = read_project(path)
    assert "not-to-be-seen" not in repr(project)
    assert "hunter2" not in repr(project)
    assert project.entries["ASF_PASS"].secret
    assert str(project.entries["ASF_USER"]) == "ASF_USER = (not shown)"


def test_a_path_that_holds_another_key_does_not_take_its_place(tmp_path):
    # the scripts of version 1 look for IW1 in any line: the last one that holds it is that of the reference
    inside = "/data/MasterSplit/20180310_IW1.dim"
    project = read_project(write_conf_1(tmp_path / "project.conf", MASTER=inside))
    assert project.text("IW1") == "IW2"
    (text,) = texts(project, "key inside a value")
    assert inside in text
    assert "line 6 for IW1" in text
    assert "'IW2'" in text


def test_a_project_folder_named_after_the_reference_is_no_reference(tmp_path):
    path = tmp_path / "project.conf"
    path.write_text("MASTER=/a/20180310.dim\nPROJECTFOLDER=/data/MASTER_of_athens\n")
    project = read_project(path)
    assert project.text("MASTER") == "/a/20180310.dim"
    assert "line 2 for MASTER" in texts(project, "key inside a value")[0]


def test_a_value_with_an_equals_sign_is_whole(tmp_path):
    project = read_project(write_conf_1(tmp_path / "project.conf", GPTBIN_PATH="/opt/a=b/gpt"))
    assert project.text("GPTBIN_PATH") == "/opt/a=b/gpt"
    assert "'/opt/a'" in texts(project, "key inside a value")[0]


def test_comments_quotes_and_case(tmp_path):
    project = read_project(
        write_conf_1(
            tmp_path / "p.conf", IW1="IW3   # the far one", MASTER='"/with space/20180310.dim"', cpu="6"
        )
    )
    assert project.text("IW1") == "IW3"
    assert project.text("MASTER") == "/with space/20180310.dim"
    assert texts(project, "comment")


def test_a_value_may_go_on_in_the_next_line(tmp_path):
    ring = "POLYGON((0 51,0 52,\n  1 52,0 51))"
    project = read_project(write_conf_2(tmp_path / "p.conf", AOI_MODE="WKT", WKT=ring))
    assert project.text("WKT") == "POLYGON((0 51,0 52, 1 52,0 51))"


def test_unknown_keys_are_reported_with_the_nearest_known(tmp_path):
    path = write_conf_2(tmp_path / "project.conf")
    path.write_text(path.read_text().replace("POLARISATION", "POLARIZATION") + "COLOUR = blue\n")
    project = read_project(path)
    assert [e.key for e in project.unknown] == ["POLARIZATION", "COLOUR"]
    assert "did you mean POLARISATION?" in texts(project, "unknown key")[0]
    assert "did you mean" not in texts(project, "unknown key")[1]


def test_a_key_in_another_section_is_read_and_reported(tmp_path):
    path = write_conf_2(tmp_path / "project.conf")
    path.write_text(
        path.read_text().replace("TRACK = 30\n", "").replace("[PROC_OPTIONS] ", "[PROC_OPTIONS]\nTRACK = 30")
    )
    project = read_project(path)
    assert project.text("TRACK") == "30"
    assert "belongs in SEARCH_PARAMS" in texts(project, "section")[0]


def test_old_encodings_and_byte_order_marks(tmp_path):
    path = tmp_path / "project.conf"
    path.write_bytes("\ufeffPROJECTFOLDER=/data/málaga\n".encode())
    assert read_project(path).text("PROJECTFOLDER") == "/data/málaga"
    path.write_bytes("PROJECTFOLDER=/data/málaga\r\nCPU=4\r\n".encode("latin-1"))
    project = read_project(path)
    assert project.text("PROJECTFOLDER") == "/data/málaga"
    assert project.text("CPU") == "4"
    assert texts(project, "encoding")


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        (b"IW1=IW1\nIW1=IW2\n", MetadataMismatchError, "IW1 is 'IW1' in line 1 and 'IW2' in line 2"),
        (b"just words\n", DamagedFileError, "line 1 is 'just words'"),
        (b"a = 1\n", DamagedFileError, "no key of snap2stamps"),
        (b"", DamagedFileError, "no key of snap2stamps"),
        (b"PK\x03\x04\0\0", DamagedFileError, "is not a text file"),
        (b"CPU=1\n" + b"#" * 2**20, UnsafeInputError, "at most 1048576"),
    ],
)
def test_what_is_no_project_is_refused(tmp_path, content, error, match):
    path = tmp_path / "project.conf"
    path.write_bytes(content)
    with pytest.raises(error, match=match):
        read_project(path)


def test_the_same_value_twice_is_no_contradiction(tmp_path):
    path = tmp_path / "project.conf"
    path.write_text("IW1=IW1\nCPU=2\nIW1=IW1\n")
    assert read_project(path).text("IW1") == "IW1"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"nowhere\.conf is not there"):
        read_project(tmp_path / "nowhere.conf")
