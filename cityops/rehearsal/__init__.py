"""What a draft or a rule would do: which open cases it concerns, and how the last months would have gone under it."""
