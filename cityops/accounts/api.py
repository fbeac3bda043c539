"""The accounts room's API: who I am."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.problems import PROBLEMS

api = APIBlueprint("accounts_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


class RangeOut(BaseModel):
    """Community codes, both ends included."""

    code_from: str
    code_until: str


class HeldPostOut(BaseModel):
    """A post held today."""

    post: Post
    body_id: int
    city_wide: bool
    ranges: list[RangeOut] = Field(description="The jurisdiction; empty where it is the whole city")


class MeOut(BaseModel):
    """Who asks, and what he may act as."""

    username: str
    name: str
    language: str
    post: Post | None = Field(description="The chosen post, whose work comes first")
    posts: list[HeldPostOut]
    choices: list[Post] = Field(description="The posts that could be chosen today")


@api.get("/me", responses={200: MeOut}, summary="Who am I")
def show_me() -> Response:
    """The person behind this session or token, with today's posts and jurisdictions."""
    viewer = current_viewer()
    posts = [
        HeldPostOut(
            post=held.post,
            body_id=held.body_id,
            city_wide=held.is_city_wide,
            ranges=[RangeOut(code_from=low, code_until=high) for low, high in held.ranges],
        )
        for held in viewer.held
    ]
    me = MeOut(
        username=viewer.username,
        name=viewer.name,
        language=viewer.language,
        post=viewer.post,
        posts=posts,
        choices=list(viewer.choices),
    )
    return Response(me.model_dump_json(), content_type="application/json")
