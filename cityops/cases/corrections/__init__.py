"""Corrections (部件变更): what somebody in the street proposes to change of a component, and an office decides."""
