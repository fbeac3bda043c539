"""`cityops person`, `token`, `body` and `jurisdiction`: who, from the machine's own command line."""

import sys
from datetime import date
from typing import Any

import click

from cityops.accounts import administration, centres, passwords, services, tokens
from cityops.accounts.models import BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.services import NewPost
from cityops.errors import Invalid
from cityops.shell import Shell
from cityops.words import N_


@click.group()
def person() -> None:
    """Add, end and list the people who sign in."""


@person.command("add")
@click.argument("username")
@click.option("--name", required=True, help="The work name colleagues see.")
@click.option(
    "--post", "posts", multiple=True, type=click.Choice([post.value for post in Post]), help="May be repeated."
)
@click.option("--body", help="Code of the body at which the posts are held.")
@click.option("--jurisdiction", help="Code of the jurisdiction over which they are held.")
@click.option("--from", "from_on", type=click.DateTime(["%Y-%m-%d"]), help="First day (default: today).")
@click.option("--until", "until_on", type=click.DateTime(["%Y-%m-%d"]), help="Last day (default: none).")
@click.option("--language", type=click.Choice(["zh_CN", "en"]), default="zh_CN", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin; otherwise one is made and printed.")
@click.pass_obj
def add_person(
    shell: Shell,
    username: str,
    name: str,
    posts: tuple[str, ...],
    body: str | None,
    jurisdiction: str | None,
    from_on: date | None,
    until_on: date | None,
    language: str,
    password_stdin: bool,
) -> None:
    """Add a person; a password that was made is printed once, on stdout."""
    if posts and (body is None or jurisdiction is None):
        raise Invalid("post", N_("A post needs --body and --jurisdiction."))
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else passwords.generate()
    passwords.check_strength(username, password)
    password_hash = passwords.hash_password(password)
    wanted = [NewPost(Post(post), body or "", jurisdiction or "", _day(from_on), _day(until_on)) for post in posts]
    with shell.workshop.transaction() as session:
        added = services.add_person(
            session,
            None,
            username=username,
            name=name,
            password_hash=password_hash,
            posts=wanted,
            language=language,
        )
        username = added.username
    click.echo(f"{username} added" + ("" if password_stdin else "; the password is shown this once:"), err=True)
    if not password_stdin:
        click.echo(password)


@person.command("end")
@click.argument("username")
@click.pass_obj
def end_person(shell: Shell, username: str) -> None:
    """End a person's access at once: sign-in, sessions and tokens."""
    with shell.workshop.transaction() as session:
        services.end_person(session, None, username)
    click.echo(f"{username} has no access any more", err=True)


@person.command("password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin; otherwise one is made and printed.")
@click.pass_obj
def set_password(shell: Shell, username: str, password_stdin: bool) -> None:
    """Give a person a new password: the lock opens, every session ends and every token is revoked."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else passwords.generate()
    passwords.check_strength(username, password)
    password_hash = passwords.hash_password(password)
    with shell.workshop.transaction() as session:
        services.set_password(session, None, username, password_hash)
    if not password_stdin:
        click.echo(password)


@person.command("list")
@click.option("--q", default="", help="Part of a user name or name.")
@click.pass_obj
def list_persons(shell: Shell, q: str) -> None:
    """Print the people who may sign in: user name, name and posts, separated by tabs."""
    after = ""
    while True:
        with shell.workshop.reading() as session:
            page = administration.list_persons(session, None, q=q, after=after, limit=administration.MAX_PAGE)
            lines = [
                "\t".join(
                    (
                        each.username,
                        each.name,
                        ", ".join(f"{held.post}@{held.body.code}/{held.jurisdiction.code}" for held in each.posts),
                    )
                )
                for each in page
            ]
            after = page[-1].username if page else ""
        for line in lines:
            click.echo(line)
        if len(lines) < administration.MAX_PAGE:
            return


@click.group()
def token() -> None:
    """Make and revoke bearer tokens for programs."""


@token.command("create")
@click.argument("username", metavar="USER")
@click.option("--days", default=tokens.LASTS_DAYS, show_default=True, help="How long it lasts.")
@click.pass_obj
def create_token(shell: Shell, username: str, days: int) -> None:
    """Make a bearer token for USER and print it, and nothing else; it cannot be shown again."""
    with shell.workshop.transaction() as session:
        made = tokens.create_token(session, None, username, days)
    click.echo(made)


@token.command("revoke")
@click.argument("text", metavar="TOKEN", required=False)
@click.option("--all-of", "username", help="Revoke all tokens of this person instead.")
@click.pass_obj
def revoke_token(shell: Shell, text: str | None, username: str | None) -> None:
    """Revoke TOKEN (read from stdin where it is left out), or all tokens of a person."""
    with shell.workshop.transaction() as session:
        if username:
            count = tokens.revoke_tokens_of(session, None, username)
        else:
            tokens.revoke_token_text(session, text or sys.stdin.readline())
            count = 1
    click.echo(f"tokens revoked: {count}", err=True)


def _day(moment: date | None) -> date | None:
    # click gives a moment without a zone where a day was asked for.
    return None if moment is None else date(moment.year, moment.month, moment.day)


@click.group()
def body() -> None:
    """Add and close bodies: centres, departments, street offices, companies."""


@body.command("add")
@click.argument("code")
@click.option("--name", required=True, help="Its name in Chinese.")
@click.option("--name-en", required=True, help="Its name in English.")
@click.option("--kind", type=click.Choice([kind.value for kind in BodyKind]), required=True)
@click.option("--parent", help="Code of the body it belongs to; without one it is a root.")
@click.option("--credit-code", default="", help="Its unified social credit code (GB 32100).")
@click.pass_obj
def add_body(shell: Shell, /, code: str, kind: str, **facts: Any) -> None:
    """Add a body."""
    with shell.workshop.transaction() as session:
        services.add_body(session, None, code=code, kind=BodyKind(kind), **facts)
    click.echo(f"{code} added", err=True)


@click.group()
def jurisdiction() -> None:
    """Add jurisdictions: what posts are held over, and which centres are in charge of them."""


@jurisdiction.command("add")
@click.argument("code")
@click.option("--name", required=True, help="Its name in Chinese.")
@click.option("--name-en", required=True, help="Its name in English.")
@click.option("--city-wide", is_flag=True, help="The whole city, and what lies outside the grid.")
@click.option(
    "--range", "ranges", nargs=2, multiple=True, metavar="FROM UNTIL", help="Community codes; may be repeated."
)
@click.pass_obj
def add_jurisdiction(
    shell: Shell, code: str, name: str, name_en: str, city_wide: bool, ranges: tuple[tuple[str, str], ...]
) -> None:
    """Add a jurisdiction: the whole city, or ranges of 12-digit community codes, both ends included."""
    if city_wide is bool(ranges):
        raise Invalid("ranges", N_("A jurisdiction is the whole city (--city-wide) or ranges of community codes."))
    with shell.workshop.transaction() as session:
        services.add_jurisdiction(
            session, None, code=code, name=name, name_en=name_en, ranges=ranges, is_city_wide=city_wide
        )
    click.echo(f"{code} added", err=True)


@jurisdiction.command("centres")
@click.argument("code")
@click.option("--supervised-by", required=True, help="Code of the supervision centre.")
@click.option("--commanded-by", required=True, help="Code of the command centre.")
@click.option("--from", "from_on", type=click.DateTime(["%Y-%m-%d"]), help="First day (default: today).")
@click.pass_obj
def say_centres(shell: Shell, code: str, supervised_by: str, commanded_by: str, from_on: date | None) -> None:
    """Say which centres supervise and command a jurisdiction from a day on; what is open stays where it is."""
    with shell.workshop.transaction() as session:
        row = centres.set_centres(
            session, None, jurisdiction=code, supervision=supervised_by, command=commanded_by, from_on=_day(from_on)
        )
        day = row.from_on
    click.echo(f"{code}: {supervised_by}, {commanded_by} from {day}", err=True)
