"""96310: the intake desk and the answers owed to reporters."""
