"""Who is on duty at the centres: shifts, the repeating pattern and its changes, whom to call, what is handed over."""
