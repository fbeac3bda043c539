"""Duty grids in figures: what each has, how its cases fare, how much of it is visited as due."""
