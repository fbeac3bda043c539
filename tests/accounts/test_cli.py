"""`cityops person` and `cityops token` as scripts use them: data on stdout, words on stderr."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cityops import clock
from cityops.accounts import queries
from cityops.accounts.cli import body, jurisdiction, person, token
from cityops.accounts.posts import Post
from cityops.accounts.signing_in import sign_in
from cityops.config import Config
from cityops.errors import CityopsError, Invalid, NotAllowed, NotFound
from cityops.shell import Shell


@pytest.fixture
def run(organisation, tmp_path: Path):
    config = Config(home=tmp_path, database_url=organisation.url, keys_folder=tmp_path / "keys")
    shell = Shell(config)

    def invoke(command, *words: str, stdin: str = "") -> Result:
        result = CliRunner().invoke(command, words, input=stdin, obj=shell)
        if isinstance(result.exception, CityopsError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    yield invoke
    shell.workshop.close()


ADD = ("add", "newcomer", "--name", "新人", "--post", "operator", "--body", "city", "--jurisdiction", "city")


def test_a_token_is_all_that_token_create_prints(run, organisation):
    made = run(token, "create", "operator").stdout
    assert made.endswith("\n") and made.count("\n") == 1
    with organisation.reading() as session:
        assert queries.find_viewer_by_token(session, made.strip(), None, True).username == "operator"
    run(token, "revoke", stdin=made)
    with organisation.reading() as session:
        assert queries.find_viewer_by_token(session, made.strip(), None, True) is None
    with pytest.raises(NotFound):
        run(token, "revoke", made.strip())


def test_all_tokens_of_a_person_are_revoked_at_once(run, organisation):
    made = [run(token, "create", "operator").stdout.strip() for _ in range(2)]
    assert "2" in run(token, "revoke", "--all-of", "operator").stderr
    with organisation.reading() as session:
        assert [queries.find_viewer_by_token(session, each, None, True) for each in made] == [None, None]


def test_a_token_for_nobody_is_refused(run):
    with pytest.raises(NotFound):
        run(token, "create", "nobody")


def test_a_person_is_added_with_a_made_password_that_works(run, organisation):
    password = run(person, *ADD).stdout.strip()
    assert sign_in(organisation, "newcomer", password)
    with organisation.reading() as session:
        viewer = queries.find_viewer_by_username(session, "newcomer", clock.today())
    assert viewer.posts == (Post.OPERATOR,) and viewer.is_city_wide


def test_a_given_password_is_read_from_stdin_and_not_repeated(run, organisation):
    result = run(person, *ADD, "--password-stdin", stdin="a long enough one\n")
    assert result.stdout == ""
    assert sign_in(organisation, "newcomer", "a long enough one")


@pytest.mark.parametrize("words", [(*ADD, "--password-stdin"), (*ADD[:6],), (*ADD[:1], "operator", *ADD[2:])])
def test_a_person_that_cannot_be_added_is_refused(run, words):
    with pytest.raises(Invalid):
        run(person, *words, stdin="short\n")


def test_a_new_password_replaces_the_old_one(run, organisation):
    password = run(person, "password", "operator").stdout.strip()
    assert sign_in(organisation, "operator", password)


def test_an_ended_person_is_out_and_not_listed(run, organisation):
    password = run(person, *ADD).stdout.strip()
    assert "newcomer\t新人\toperator@city/city\n" in run(person, "list").stdout
    run(person, "end", "newcomer")
    assert "newcomer" not in run(person, "list").stdout
    with pytest.raises(NotAllowed):
        sign_in(organisation, "newcomer", password)


def test_bodies_and_jurisdictions_are_added_from_the_command_line(run, organisation):
    names = ("--name", "新中心", "--name-en", "New centre")
    run(body, "add", "new-centre", *names, "--kind", "supervision_centre", "--parent", "city")
    run(jurisdiction, "add", "new-area", *names, "--range", "330203002001", "330203002099")
    post = ("--post", "operator", "--body", "new-centre", "--jurisdiction", "new-area")
    run(person, "add", "founder", "--name", "新人", *post)
    with organisation.reading() as session:
        viewer = queries.find_viewer_by_username(session, "founder", clock.today())
    assert [(held.post, held.ranges) for held in viewer.held] == [(Post.OPERATOR, (("330203002001", "330203002099"),))]


@pytest.mark.parametrize("words", [(), ("--city-wide", "--range", "330203002001", "330203002099")])
def test_a_jurisdiction_is_the_whole_city_or_ranges(run, words):
    with pytest.raises(Invalid):
        run(jurisdiction, "add", "odd", "--name", "甲", "--name-en", "A", *words)
