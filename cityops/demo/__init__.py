"""The demo city: real names and codes of Ningbo, illustrative boundaries, and a life that can be simulated."""
