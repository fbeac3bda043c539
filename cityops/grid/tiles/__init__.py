"""The grid's vector tiles."""
