"""Who: persons, bodies, posts, jurisdictions, sign-in."""
