"""What a person may write in the environment and in ``.env``, and what they are told if not."""

import re
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.model import Role, SourceSpec
from bot.settings import Settings, describe_settings, load_settings
from bot.sourcing import parse_section_aliases, parse_sources

ROOT = Path(__file__).parent.parent
TOKEN = "123456789:AAExampleExampleExample_-0"
FEED = "https://news.example/feed.xml"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the two required settings, and a folder without a ``.env``."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SOURCES", FEED)
    monkeypatch.chdir(tmp_path)


def test_the_example_says_what_the_settings_say() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == describe_settings()


def test_every_setting_is_described_with_its_form() -> None:
    text = describe_settings()
    for name in Settings.model_fields:
        assert f"\n{name.upper()}=" in text or f"\n#{name.upper()}=" in text
    assert text.count("# Form: ") == len(Settings.model_fields)


def test_the_example_with_every_line_in_force_means_the_defaults() -> None:
    defaults = load_settings()
    lines = describe_settings().replace("\n#", "\n").splitlines()
    Path(".env").write_text("\n".join(line for line in lines if "=" in line and line[0].isupper()))
    assert load_settings() == defaults


def test_the_defaults() -> None:
    settings = load_settings()
    assert settings.default_locale == "ru"
    assert settings.poll_seconds == 300
    assert settings.page_chars == 1800
    assert settings.send_rate == 25
    assert settings.admin_ids == ()
    assert settings.allow_private_addresses is False
    assert settings.bot_api_url == "https://api.telegram.org"
    assert settings.database == "sqlite:///data/vestnik.db"
    assert settings.web_port is None
    assert settings.roles == (Role.READ, Role.SEND, Role.WEB)


def test_the_env_file_is_read_and_the_environment_wins() -> None:
    Path(".env").write_text(
        "POLL_SECONDS=7\nPAGE_CHARS=900\nUNKNOWN=1\n"
        'SOURCES="Общество=https://news.example/society\nhttps://news.example/all"\n',
        encoding="utf-8",
    )
    assert load_settings().poll_seconds == 7
    assert load_settings().sources == (SourceSpec(FEED),)


def test_sources_may_stand_on_several_lines_of_the_env_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SOURCES")
    Path(".env").write_text(
        'SOURCES="Общество=https://news.example/society\nhttps://news.example/all"\n',
        encoding="utf-8",
    )
    assert load_settings().sources == (
        SourceSpec("https://news.example/society", "Общество"),
        SourceSpec("https://news.example/all"),
    )


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_an_empty_value_is_as_good_as_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    info = Settings.model_fields[name.lower()]
    monkeypatch.setenv(name, "")
    if info.is_required() or name == "SOURCES":  # without SOURCES_FILE
        with pytest.raises(SettingsError, match=rf"\A{name} is not set: .*\.\Z"):
            load_settings()
    else:
        assert getattr(load_settings(), name.lower()) == info.default


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("POLL_SECONDS", "1", 1),
        ("POLL_SECONDS", "86400", 86_400),
        ("PAGE_CHARS", "200", 200),
        ("SEND_RATE", "0.5", 0.5),
        ("SEND_RATE", "1000", 1000.0),
        ("ADMIN_IDS", "111111111", (111_111_111,)),
        ("ADMIN_IDS", " 1, 2,3 ,", (1, 2, 3)),
        ("ALLOW_PRIVATE_ADDRESSES", "true", True),
        ("ALLOW_PRIVATE_ADDRESSES", "1", True),
        ("ALLOW_PRIVATE_ADDRESSES", "Yes", True),
        ("ALLOW_PRIVATE_ADDRESSES", "false", False),
        ("ALLOW_PRIVATE_ADDRESSES", "0", False),
        ("ALLOW_PRIVATE_ADDRESSES", "off", False),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_FORMAT", "json", "json"),
        ("TIMEZONE", "Asia/Krasnoyarsk", "Asia/Krasnoyarsk"),
        ("DEFAULT_LOCALE", "pt_BR", "pt_BR"),
        ("BOT_API_URL", "http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
        ("WEB_PORT", "8080", 8080),
        ("DATA_DIR", "/srv/vestnik", Path("/srv/vestnik")),
        ("ROLES", "send", (Role.SEND,)),
        ("ROLES", " Web, read,web ,", (Role.READ, Role.WEB)),
    ],
)
def test_a_good_value_is_taken(
    name: str, value: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(), name.lower()) == expected


MALFORMED = [
    ("BOT_TOKEN", "secret-without-a-colon"),
    ("BOT_TOKEN", "123456789:secret with spaces"),
    ("BOT_TOKEN", "secret:123456789"),
    ("SOURCES", "news.example/feed.xml"),
    ("SOURCES", "ftp://news.example/feed.xml"),
    ("SOURCES", "https://"),
    ("SOURCES", "https://news.example:port/feed.xml"),
    ("SOURCES", "Общество"),
    ("SOURCES", "Общество="),
    ("SOURCES", f"{FEED},{FEED}"),
    ("SOURCES", f"{FEED}, Общество"),
    ("SOURCES", ", ,"),
    ("SOURCES", "https://news.example/a b"),
    ("SECTION_ALIASES", "Реклама"),
    ("SECTION_ALIASES", "Реклама="),
    ("SECTION_ALIASES", "=Город"),
    ("SECTION_ALIASES", "Ёлки=Город\nелки = Лес"),
    ("SECTION_ALIASES", "Реклама=-, Наука, техника=Наука"),
    ("DEFAULT_LOCALE", "Russian"),
    ("DEFAULT_LOCALE", "../ru"),
    ("TIMEZONE", "Moscow"),
    ("TIMEZONE", "../etc/passwd"),
    ("ADMIN_IDS", "@editor"),
    ("ADMIN_IDS", "1;2"),
    ("POLL_SECONDS", "0"),
    ("POLL_SECONDS", "-5"),
    ("POLL_SECONDS", "1.5"),
    ("POLL_SECONDS", "5m"),
    ("POLL_SECONDS", "86401"),
    ("PAGE_PAUSE", "-1"),
    ("PAGE_PAUSE", "61"),
    ("PAGE_PAUSE", "nan"),
    ("CONTACT", "press office"),
    ("CONTACT", "press@localhost"),
    ("CONTACT", "ftp://news.example/"),
    ("CONTACT", "https://news.example/ (us)"),
    ("CONTACT", "пресса@news.example"),
    ("CONTACT", "a@news.example\nHost: other.example"),
    ("PAGE_CHARS", "199"),
    ("PAGE_CHARS", "3501"),
    ("SEND_RATE", "0"),
    ("SEND_RATE", "nan"),
    ("SEND_RATE", "inf"),
    ("SEND_RATE", "fast"),
    ("DATABASE_URL", "vestnik.db"),
    ("DATABASE_URL", "mysql://vestnik:secret@db.example/vestnik"),
    ("ROLES", "read,write"),
    ("ROLES", "all"),
    ("ROLES", " , "),
    ("DELIVERY_TTL", "0"),
    ("DELIVERY_TTL", "a day"),
    ("ON_UNKNOWN", "retry"),
    ("RETENTION_DAYS", "2"),
    ("PAID_BROADCAST", "perhaps"),
    ("BOT_API_URL", "api.telegram.org"),
    ("BOT_API_URL", "https://"),
    ("ALLOW_PRIVATE_ADDRESSES", "maybe"),
    ("WEB_PORT", "0"),
    ("WEB_PORT", "65536"),
    ("WEB_PORT", "http"),
    ("WEBHOOK_URL", "bot.example.org"),
    ("WEBHOOK_URL", "http://bot.example.org"),
    ("WEBHOOK_URL", "http://10.0.0.1"),
    ("WEBHOOK_URL", "http://localhost.example.org"),
    ("WEBHOOK_URL", "https://user:secret@bot.example.org"),
    ("WEBHOOK_URL", "https://bot.example.org?secret=1"),
    ("WEBHOOK_URL", "https://bot.example.org/#"),
    ("WEBHOOK_URL", "https://bot.example.org:port"),
    ("WEBHOOK_SECRET", "secret-too-long-" * 17),
    ("WEBHOOK_SECRET", "secret-too-shor"),
    ("WEBHOOK_SECRET", "secret with spaces in it"),
    ("WEBHOOK_SECRET", "секрет-секретный-весьма"),
    ("LOG_LEVEL", "LOUD"),
    ("LOG_FORMAT", "xml"),
]


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_a_malformed_value_is_told_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    sentence = str(caught.value)
    form = Settings.model_fields[name.lower()].json_schema_extra
    assert isinstance(form, dict)
    assert sentence.startswith(f"{name} is malformed: it should be {form['form']}")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "secret" not in sentence
    # Neither does what a traceback would print beside it repeat the value.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_malformed_value_of_every_kind_is_tried() -> None:
    free = {"data_dir", "sources_file", "web_host", "breaking_words"}  # any text will do
    assert {name.lower() for name, _ in MALFORMED} == Settings.model_fields.keys() - free


def test_each_wrong_variable_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_TOKEN")
    monkeypatch.setenv("SOURCES", "nowhere")
    monkeypatch.setenv("ADMIN_IDS", "a,b,c")  # three wrong items are one wrong variable
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "BOT_TOKEN is not set",
        "SOURCES is malformed",
        "ADMIN_IDS is malformed",
    ]


WEBHOOK = {
    "WEBHOOK_URL": "https://bot.example.org/",
    "WEBHOOK_SECRET": "hunter2-hunter2-hunter2",
    "WEB_PORT": "8080",
}


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ({"WEB_PORT"}, ["WEB_PORT is not set: with WEBHOOK_URL it should be a whole number"]),
        (
            {"WEBHOOK_SECRET"},
            ["WEBHOOK_SECRET is not set: with WEBHOOK_URL it should be 16 to 256"],
        ),
        ({"WEB_PORT", "WEBHOOK_SECRET"}, ["WEB_PORT is not set", "WEBHOOK_SECRET is not set"]),
    ],
)
def test_what_a_webhook_lacks_is_told(
    missing: set[str], says: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in WEBHOOK.keys() - missing:
        monkeypatch.setenv(name, WEBHOOK[name])
    with pytest.raises(SettingsError) as caught:
        load_settings()
    lines = str(caught.value).splitlines()
    assert len(lines) == len(says)
    assert all(line.startswith(start) for line, start in zip(lines, says, strict=True))
    assert "hunter2" not in str(caught.value)


def test_a_process_that_serves_no_webhook_needs_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WEBHOOK.keys() - {"WEB_PORT"}:
        monkeypatch.setenv(name, WEBHOOK[name])
    monkeypatch.setenv("ROLES", "read,send")
    assert load_settings().webhook is not None


def test_the_path_of_the_webhook_follows_from_its_secret_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in WEBHOOK.items():
        monkeypatch.setenv(name, value)
    place = load_settings().webhook
    assert place is not None
    assert place.url == "https://bot.example.org"
    assert re.fullmatch(r"/webhook/[0-9a-f]{64}", place.path)
    assert load_settings(bot_token="987654321:AnotherToken").webhook == place
    other = load_settings(webhook_secret="hunter3-hunter3-hunter3").webhook
    assert other is not None
    assert other.path != place.path
    assert "hunter2" not in f"{place} {load_settings()!r}"
    assert place.path not in f"{place} {load_settings()!r}"


def test_a_secret_without_an_address_asks_telegram_for_updates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", WEBHOOK["WEBHOOK_SECRET"])
    assert load_settings().webhook is None


@pytest.mark.parametrize(
    "url",
    [
        "https://bot.example.org:8443/behind/a/path",
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
    ],
)
def test_an_address_for_the_webhook(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**WEBHOOK, "WEBHOOK_URL": f" {url}/ "}.items():
        monkeypatch.setenv(name, value)
    assert load_settings().webhook_url == url


def test_secrets_stay_out_of_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://vestnik:hunter2@db.example/vestnik")
    settings = load_settings()
    shown = f"{settings} {settings!r} {settings.model_dump_json()}"
    assert TOKEN.split(":")[1] not in shown
    assert "hunter2" not in shown
    assert settings.database == "postgresql://vestnik:hunter2@db.example/vestnik"
    assert settings.bot_token.get_secret_value() == TOKEN


def test_white_space_around_the_token_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", f" {TOKEN}\n")
    assert load_settings().bot_token.get_secret_value() == TOKEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FEED, [(FEED, None)]),
        (f"  {FEED}\n\n", [(FEED, None)]),
        (f"Общество={FEED}", [(FEED, "Общество")]),
        (f"Общество = {FEED}", [(FEED, "Общество")]),
        (f"={FEED}", [(FEED, None)]),
        (
            "https://a.example/1,https://a.example/2, Наука=https://a.example/3,",
            [
                ("https://a.example/1", None),
                ("https://a.example/2", None),
                ("https://a.example/3", "Наука"),
            ],
        ),
        (
            "Наука=https://a.example/1\r\nhttps://a.example/2",
            [("https://a.example/1", "Наука"), ("https://a.example/2", None)],
        ),
        ("https://a.example/?cat=5&x=1", [("https://a.example/?cat=5&x=1", None)]),
        ("Спорт=https://a.example/?cat=5", [("https://a.example/?cat=5", "Спорт")]),
        (
            "https://a.example/?to=https://b.example/",
            [("https://a.example/?to=https://b.example/", None)],
        ),
        ("https://a.example/?tags=1,2,3", [("https://a.example/?tags=1,2,3", None)]),
        (
            "Город, область=https://a.example/1, Наука, техника=https://a.example/2",
            [("https://a.example/1", "Город, область"), ("https://a.example/2", "Наука, техника")],
        ),
        ("https://пример.рф/лента", [("https://пример.рф/лента", None)]),
    ],
)
def test_the_forms_of_sources(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert parse_sources(text) == tuple(SourceSpec(*item) for item in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Реклама=-", [("Реклама", "-")]),
        (" Реклама = - , Общество=Город,", [("Реклама", "-"), ("Общество", "Город")]),
        (
            "Наука, техника=Наука\n\nNews: Members=Новости: Участники",
            [("Наука, техника", "Наука"), ("News: Members", "Новости: Участники")],
        ),
    ],
)
def test_the_forms_of_section_aliases(text: str, expected: list[tuple[str, str]]) -> None:
    assert parse_section_aliases(text) == tuple(expected)


def test_a_wrong_alias_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECTION_ALIASES", "Общество=Город\nРеклама")
    with pytest.raises(SettingsError, match=r"\(Реклама is no pair of titles\)\.\Z"):
        load_settings()


def test_one_section_may_have_several_sources() -> None:
    specs = parse_sources("Спорт=https://a.example/1\nСпорт=https://a.example/2")
    assert [spec.section for spec in specs] == ["Спорт", "Спорт"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("news.example/feed.xml", "news.example/feed.xml has no address"),
        ("ftp://u:hunter2@news.example", "news.example is no such address"),
        ("https://a.example/f, https://a.example/f", "https://a.example/f is named twice"),
    ],
)
def test_the_source_that_is_wrong_is_named(
    value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES", value)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("BOT_TOKEN=1:a\nSOURCES=https://a.example\nhttps://b.example\n", "line 3"),
        ('BOT_TOKEN=1:a\nSOURCES="https://a.example\n', "line 2"),
        ("SOURCES=\u041d\u043e\u0432\u043e\u0441\u0442\u0438", "UTF-8"),
    ],
)
def test_a_line_of_the_file_that_would_be_lost_is_told(
    content: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second source without quotes was once passed over without a word."""
    monkeypatch.chdir(tmp_path)
    encoding = "cp1251" if says == "UTF-8" else "utf-8"
    (tmp_path / ".env").write_text(content, encoding=encoding)
    with pytest.raises(SettingsError, match=says):
        load_settings()
