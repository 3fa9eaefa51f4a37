"""The tables, declared once; the migrations lead to exactly this."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    literal_column,
    text,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives numbers by itself only to a column of its own INTEGER type.
_Id = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware moment, stored in UTC; SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Aware local time in, UTC out; a naive moment is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """UTC as stored, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=nullable)


source = Table(
    "source",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("reads_url", Text),  # where it is read instead
    Column("section", Text),  # the title that the editor gave
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", Text),  # of what the last complete read showed
    Column("rhythm", Text),  # what its feed asks for, as JSON
    Column("moved_to", Text),  # where it permanently redirects to
    _moment("moved_since", nullable=True),
    Column("untold_move", Text),  # where it has moved for good, until somebody was told
    Column("gone", Integer, nullable=False, server_default="0"),  # answers of 410 in a row
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("primed", Boolean, nullable=False, server_default=false()),
    Column("listed", Boolean, nullable=False, server_default=true()),  # still in SOURCES
    _moment("next_at"),
    _moment("read_at", nullable=True),
    _moment("pinged_at", nullable=True),  # its hub had news that no read has answered
    Index("ix_source_next_at", "next_at"),
)

# What was asked of the hub that a source's feed names.
hub_subscription = Table(
    "hub_subscription",
    metadata,
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),  # the callback's, which nobody can guess
    Column("secret", Text, nullable=False),  # by which the hub signs
    Column("state", SmallInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),  # requests without an answer
    Column("base", Text),  # what the callback began with in the last request
    _moment("named_at"),  # since when the feed names this hub and topic
    _moment("requested_at", nullable=True),
    _moment("lease_until", nullable=True),
    _moment("renew_at"),  # when the hub is asked next
)

section = Table(
    "section",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("parent_id", ForeignKey("section.id")),
    # What it is known by: ``section_key`` of its path, so that a title may be under two parents.
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    _moment("created_at"),
    _moment("announced_at", nullable=True),  # when the administrators were told
    UniqueConstraint("key", name="uq_section_title"),  # as the column was called at first
)

CHECKED = text("check_at IS NOT NULL")
"""Which articles' pages are looked at again, as the partial index spells it."""

article = Table(
    "article",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("section_id", ForeignKey("section.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("image", Text),
    Column("language", Text),
    Column("document", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    _moment("published_at", nullable=True),
    _moment("sorted_at"),
    _moment("created_at"),
    _moment("corrected_at", nullable=True),
    _moment("withdrawn_at", nullable=True),
    # Of what the entry of its own source said last; "" where the feed names it no more.
    Column("seen", Text),
    _moment("check_at", nullable=True),  # when its page is looked at; NULL: never again
    Column("gone", SmallInteger, nullable=False, server_default="0"),  # looks in a row
    _moment("push_corrected_at", nullable=True),  # of what a push shows, not the text alone
    # Of the page as it was read last: validators, and hashes of what it said.
    Column("page_etag", Text),
    Column("page_modified", Text),
    Column("page_said", Text),
    Column("body_hash", Text),
    _moment("spoke_at", nullable=True),  # the newest moment that the entry named
    Column("sketch", LargeBinary),  # what stands for its text where others are compared with it
    Column("authors", Text),  # names as a JSON list; NULL where nobody is named
    _moment("updated_at", nullable=True),  # the last correction that the site names
    Column("fault", Text),  # why its page could not be read, or not whole
    Index("ix_article_source_id_sorted_at_id", "source_id", "sorted_at", "id"),
    Index("ix_article_check_at", "check_at", sqlite_where=CHECKED, postgresql_where=CHECKED),
    Index("ix_article_sorted_at_id", "sorted_at", "id"),
    Index("ix_article_section_id_sorted_at_id", "section_id", "sorted_at", "id"),
)

# That an article stands in a section besides its own: another feed has it there.
placement = Table(
    "placement",
    metadata,
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    Column("section_id", ForeignKey("section.id"), primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),  # which said so
    # Whether a round of the article's broadcast is to go through the section's readers.
    Column("due", Boolean, nullable=False, server_default=false()),
    _moment("sorted_at"),  # the article's
    _moment("created_at"),
    Index("ix_placement_section_id_sorted_at_article_id", "section_id", "sorted_at", "article_id"),
)

# What an edit replaced: the texts that an article had before, in the order of their numbers.
revision = Table(
    "revision",
    metadata,
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # of the edit
    Column("title", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("image", Text),
    Column("document", Text, nullable=False),
    _moment("at"),  # of the edit
    Index("ix_revision_at", "at"),
)
# The search index of articles, which each database has in its own way; see search.py. FTS5 splits
# at spaces alone, for its text is made of words already.
_SEARCH = {
    "sqlite": [
        """CREATE VIRTUAL TABLE article_search USING fts5(
        title, lead, frequent, body, tokenize = 'ascii', prefix = '3')""",
    ],
    "postgresql": [
        """CREATE TABLE article_search (
        article_id BIGINT NOT NULL CONSTRAINT pk_article_search PRIMARY KEY
        CONSTRAINT fk_article_search_article_id REFERENCES article (id) ON DELETE CASCADE,
        stems TSVECTOR NOT NULL)""",
        "CREATE INDEX ix_article_search_stems ON article_search USING gin (stems)",
    ],
}
for _dialect, _statements in _SEARCH.items():
    for _statement in _statements:
        _made = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(article, "after_create", _made.execute_if(dialect=_dialect))
_dropped = DDL("DROP TABLE IF EXISTS article_search")  # type: ignore[no-untyped-call]
event.listen(article, "before_drop", _dropped)

# An entry's id means something within its source (scope = source id); an address is known
# everywhere (scope = 0).
alias = Table(
    "alias",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("scope", BigInteger, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), nullable=False),
    Index("ix_alias_article_id", "article_id"),
)

reader = Table(
    "reader",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger, nullable=False, server_default="0"),
    Column("kind", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("locale_chosen", Boolean, nullable=False, server_default=false()),
    Column("active", Boolean, nullable=False, server_default=true()),
    _moment("missing_since", nullable=True),  # when Telegram first did not find the chat
    _moment("created_at"),
    UniqueConstraint("chat_id", "thread_id"),
)

subscription = Table(
    "subscription",
    metadata,
    Column("reader_id", ForeignKey("reader.id", ondelete="CASCADE"), primary_key=True),
    Column("section_id", ForeignKey("section.id", ondelete="CASCADE"), primary_key=True),
    _moment("created_at"),
    _moment("ended_at", nullable=True),  # kept, so that an end can be undone
    Index("ix_subscription_section_id_reader_id", "section_id", "reader_id"),
)

# The page at which a reader left an article.
bookmark = Table(
    "bookmark",
    metadata,
    Column("reader_id", ForeignKey("reader.id", ondelete="CASCADE"), primary_key=True),
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, nullable=False),
    _moment("read_at"),
    Index("ix_bookmark_article_id", "article_id"),
)

# What a message shows that was, or may have been, a push: a page of this article, or (NULL)
# something else that its reader went on to. A push that nobody pressed has no row.
opened = Table(
    "opened",
    metadata,
    Column("reader_id", ForeignKey("reader.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE")),
    _moment("opened_at"),
    Index("ix_opened_opened_at", "opened_at"),
)

_OPEN = text("state = 0")
_WAITING = text("state = 0")
_HELD = text("state IN (1, 2)")
_REFUSED = text("state IN (4, 5)")
AMENDING = text("amend_cursor IS NOT NULL")
"""Which broadcasts have messages to amend, as the partial index spells it."""
_KEPT = text("NOT pruned")

broadcast = Table(
    "broadcast",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("article_id", ForeignKey("article.id"), nullable=False, unique=True),
    Column("state", SmallInteger, nullable=False, server_default="0"),
    Column("priority", SmallInteger, nullable=False, server_default="1"),
    Column("form", SmallInteger, nullable=False, server_default="0"),
    Column("forced", Boolean, nullable=False, server_default=false()),
    Column("cursor", BigInteger, nullable=False, server_default="0"),  # last reader fanned out to
    Column("fanned_out", Boolean, nullable=False, server_default=false()),
    # The further section whose readers it goes through now, and since when the article stands
    # there; NULL: the article's own.
    Column("round_section_id", BigInteger),
    _moment("round_at", nullable=True),
    Column(
        "amend_cursor", BigInteger
    ),  # last reader whose message was amended; NULL: none is to be
    Column("pruned", Boolean, nullable=False, server_default=false()),
    _moment("created_at"),
    _moment("expires_at"),
    Index("ix_broadcast_open", "priority", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_broadcast_amending", "id", sqlite_where=AMENDING, postgresql_where=AMENDING),
    Index("ix_broadcast_kept", "id", sqlite_where=_KEPT, postgresql_where=_KEPT),
)

# No foreign keys: a million rows at once would each be looked up twice. A row is made in the
# statement that reads its reader and its broadcast, and goes before they do.
delivery = Table(
    "delivery",
    metadata,
    Column("broadcast_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reader_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    Column("attempt", SmallInteger, nullable=False, server_default="0"),
    Column("doubts", SmallInteger, nullable=False, server_default="0"),
    Column("lease", BigInteger),
    Column("section_id", BigInteger),  # the further section that brought it; NULL: its own
    Column("message_id", BigInteger),
    Column("shown", Integer),  # the revision of the article that the message shows
    Column("error", Text),
    _moment("not_before", nullable=True),
    _moment("finished_at", nullable=True),
    Index(
        "ix_delivery_waiting",
        "broadcast_id",
        "not_before",
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    Index("ix_delivery_held", "lease", sqlite_where=_HELD, postgresql_where=_HELD),
    Index("ix_delivery_ended", "finished_at", sqlite_where=_REFUSED, postgresql_where=_REFUSED),
    sqlite_with_rowid=False,
)

# What Telegram asked us to leave alone, and until when; chat 0 is all of them.
pause = Table(
    "pause",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    _moment("until"),
)

# What Telegram sent us, kept before it is acknowledged.
incoming = Table(
    "incoming",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False, server_default="0"),  # 0: of no chat
    Column("body", Text, nullable=False),
    Column("state", SmallInteger, nullable=False, server_default="0"),
    Column("attempt", SmallInteger, nullable=False, server_default="0"),  # starts of handling it
    Column("error", Text),
    _moment("received_at"),
    Index(
        "ix_incoming_waiting",
        "chat_id",
        "update_id",
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
)

# Who leads a role: its one process among all that run on this database.
lease = Table(
    "lease",
    metadata,
    Column("role", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("term", BigInteger, nullable=False),  # how often it was taken: the fencing token
    _moment("until"),
)


def state_is(table: FromClause, *states: int) -> ColumnElement[bool]:
    """A condition on ``state`` as the partial indexes spell it: they do not serve a variable."""
    numbers = [literal_column(str(int(state)), SmallInteger) for state in states]
    state = table.c.state
    return state == numbers[0] if len(numbers) == 1 else state.in_(numbers)


IS_KEPT = text("NOT broadcast.pruned")
"""A condition on a broadcast as its partial index spells it: that its deliveries are there yet."""
