"""The posts that a person can hold, and what they are called."""

from enum import StrEnum

from cityops.words import N_


class Post(StrEnum):
    """The posts of CJJ/T 106's two centres and the bodies they work with."""

    OPERATOR = "operator"
    DUTY_LEADER = "duty_leader"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    INSPECTOR = "inspector"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ADMINISTRATOR = "administrator"


POST_LABELS = {
    Post.OPERATOR: N_("operator"),
    Post.DUTY_LEADER: N_("duty leader"),
    Post.DISPATCHER: N_("dispatcher"),
    Post.HANDLER: N_("handler"),
    Post.INSPECTOR: N_("inspector"),
    Post.SUPERVISOR: N_("supervisor"),
    Post.LEADER: N_("leader"),
    Post.ADMINISTRATOR: N_("administrator"),
}
