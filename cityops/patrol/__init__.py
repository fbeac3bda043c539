"""Inspectors: shifts and tasks (监管数据无线采集)."""
