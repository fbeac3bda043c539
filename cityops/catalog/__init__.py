"""What counts: classes, filing conditions and limits, by standard and version."""
