"""What a draft, a rule or a calendar would do: which cases it concerns, and how the last months would have gone."""
