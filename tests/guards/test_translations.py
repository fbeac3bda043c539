"""Every English word that people read has its Chinese, and the committed catalogue is what the code says now."""

import re

from scripts import translations


def test_every_msgid_has_chinese():
    assert translations.untranslated(translations.read()) == []


def test_the_catalogue_is_up_to_date_with_the_code():
    catalog = translations.read()
    translations.update(catalog)
    assert translations.to_source(catalog) == translations.SOURCE.read_bytes(), "run make translations"


def test_the_compiled_catalogue_belongs_to_its_source():
    assert translations.to_compiled(translations.SOURCE.read_bytes()) == translations.COMPILED.read_bytes()


def test_a_translation_keeps_the_places_of_its_msgid():
    places = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    wrong = [
        message.id
        for message in translations.read()
        if isinstance(message.id, str)
        and message.string
        and set(places.findall(message.id)) != set(places.findall(message.string))
    ]
    assert wrong == []
