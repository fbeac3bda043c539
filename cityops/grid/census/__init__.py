"""The census of components: read, checked, taken in and given out by the standard's fields."""
