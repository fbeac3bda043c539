"""Lets the folders at the top of the repository travel inside the package; the metadata stand in setup.cfg."""

from setuptools import find_packages, setup

TRAVELLERS = ("templates", "static", "migrations")

setup(
    packages=[*find_packages(include=["cityops", "cityops.*"]), *(f"cityops.{name}" for name in TRAVELLERS)],
    package_dir={f"cityops.{name}": name for name in TRAVELLERS},
    package_data={
        "": ["py.typed", "data/**/*", "translations/*/LC_MESSAGES/*"],
        **{f"cityops.{name}": ["*", "**/*"] for name in TRAVELLERS},
    },
    exclude_package_data={"": ["__pycache__/*", "**/__pycache__/*"]},
)
