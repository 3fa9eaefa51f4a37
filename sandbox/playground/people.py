"""Names of invented people who come to the playground, by the language of their Telegram."""

from __future__ import annotations

from collections.abc import Collection

_NAMES = {
    "ru": ("Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Инна", "Кирилл", "Лада"),
    "en": ("Alice", "Ben", "Chloe", "Daniel", "Emma", "Finn", "Grace", "Harry", "Isla", "Jack"),
    "kk": ("Айдос", "Гүлнұр", "Дәулет", "Жанар", "Нұрлан"),
    "de": ("Greta", "Jonas", "Käthe", "Lukas", "Marlene"),
    "es": ("Diego", "Elena", "Lucía", "Mateo", "Sofía"),
}
_OTHERS = ("Alex", "Kim", "Luca", "Maya", "Noa", "Robin", "Sasha", "Toni")


def new_name(language: str, taken: Collection[str]) -> str:
    """A name that nobody here has yet; when all are taken they come again with a number."""
    names = _NAMES.get(language.partition("-")[0], _OTHERS)
    for turn in range(len(taken) + 1):
        for name in names:
            candidate = f"{name} {turn + 1}" if turn else name
            if candidate not in taken:
                return candidate
    raise AssertionError("there are more names than people")
