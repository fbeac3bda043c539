"""What the answers that are no success say to people: a title and what to do about it, by HTTP status."""

from collections.abc import Mapping

from cityops.words import N_

TITLES: Mapping[int, str] = {
    400: N_("This request cannot be read"),
    401: N_("Sign in first"),
    403: N_("Not allowed"),
    404: N_("Not here"),
    405: N_("Not done this way"),
    409: N_("Not possible as it stands"),
    413: N_("Too large"),
    422: N_("Something has to be put right"),
    429: N_("Too many tries"),
    500: N_("Something broke on our side"),
    503: N_("Not ready"),
}

ADVICE: Mapping[int, str] = {
    400: N_("Reload the page and send it again. If the page was open for long, its form has expired."),
    401: N_("Sign in, then open the address again."),
    403: N_("If this is your work, ask your administrator for the post."),
    404: N_("Check the number or the address. What lies outside your area is not shown either."),
    405: N_("This address takes no such request: use the page's own links and buttons."),
    409: N_("Open it again to see how it stands now."),
    413: N_("Send less: a photo may have up to 20 MB."),
    422: N_("Go back, correct the field and send it again. What you typed is still there."),
    429: N_("Wait a minute, then try again."),
    500: N_("Nothing was half done. Try again; if it stays, tell the administrator the time shown here."),
}


def title_of(status: int) -> str:
    """The title (msgid) of a status; one without its own is told as the first of its kind."""
    return TITLES.get(status) or TITLES[500 if status >= 500 else 400]


def advice_of(status: int) -> str:
    """What to do (msgid) about a status."""
    return ADVICE.get(status) or ADVICE[500 if status >= 500 else 400]
