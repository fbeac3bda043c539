"""The forms of the sign-in and of the administrator's pages: what can be seen without the database to be wrong.

They are plain WTForms: the CSRF token of every unsafe request is checked before a route begins.
"""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import DateField, Form, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from cityops import web
from cityops.accounts.models import BODY_KIND_LABELS, BodyKind
from cityops.accounts.posts import POST_LABELS, Post
from cityops.accounts.tokens import LASTS_DAYS, MAX_DAYS
from cityops.errors import Invalid
from cityops.forms import refuse, word_choices

NEEDED = InputRequired(_l("Fill this in."))
POSTS = word_choices(POST_LABELS, _l)
BODY_KINDS = word_choices(BODY_KIND_LABELS, _l)


class PageForm(Form):
    """A form whose own messages are in the reader's language."""

    def __init__(self, sent: "MultiDict[str, str] | None" = None, *, data: Mapping[str, object] | None = None) -> None:
        super().__init__(sent, data=data, meta={"locales": [web.language().split("_")[0]]})

    def refuse(self, error: Invalid) -> None:
        """Put a service's refusal beside its field, or on top where the form has no such field."""
        refuse(self, error, {})


class SignInForm(PageForm):
    """Name and password."""

    username = StringField(_l("User name"), [NEEDED, Length(max=64)])
    password = PasswordField(_l("Password"), [NEEDED])


class PostForm(PageForm):
    """A post to give; bodies and jurisdictions are the administrator's own."""

    post = SelectField(_l("Post"), choices=POSTS, default=Post.HANDLER.value)
    body = SelectField(_l("Body"), validators=[NEEDED])
    jurisdiction = SelectField(_l("Jurisdiction"), validators=[NEEDED])
    until_on = DateField(_l("Last day"), [Optional()])


class PersonForm(PostForm):
    """A person to add, with a first post."""

    username = StringField(_l("User name"), [NEEDED, Length(max=64)])
    name = StringField(_l("Name"), [NEEDED, Length(max=64)])


class BodyForm(PageForm):
    """A body to add under another one."""

    code = StringField(_l("Code"), [NEEDED, Length(max=32)])
    name = StringField(_l("Name"), [NEEDED, Length(max=100)])
    name_en = StringField(_l("Name in English"), [NEEDED, Length(max=100)])
    kind = SelectField(_l("Kind"), choices=BODY_KINDS, default=BodyKind.DEPARTMENT.value)
    parent = SelectField(_l("Belongs to"), validators=[NEEDED])
    credit_code = StringField(_l("Credit code"), [Length(max=40)])


class CreditCodeForm(PageForm):
    """The unified social credit code of a body."""

    credit_code = StringField(_l("Credit code"), [Length(max=40)])


class CentresForm(PageForm):
    """Which centres are in charge of a jurisdiction, from a day on."""

    jurisdiction = SelectField(_l("Jurisdiction"), validators=[NEEDED])
    supervision = SelectField(_l("Supervised by"), validators=[NEEDED])
    command = SelectField(_l("Commanded by"), validators=[NEEDED])
    from_on = DateField(_l("First day"), [NEEDED])


class TokenForm(PageForm):
    """A token to make for somebody's programs."""

    username = StringField(_l("User name"), [NEEDED, Length(max=64)])
    days = IntegerField(_l("Days"), [NEEDED, NumberRange(1, MAX_DAYS)], default=LASTS_DAYS)
