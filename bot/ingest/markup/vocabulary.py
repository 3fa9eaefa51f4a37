"""The words by which a site's own text is known: in the names of elements, and read aloud."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- In the names of classes and ids -----------------------------------------------------------

# Names of what shows a date.
DATE_WORDS = _words("date time datetime data published posted pubdate day vremya dt")
# Names of what stands beside an article; the second half is Russian in Latin letters.
STRONG_WORDS = _words(
    """
    share shares sharing sharebar sharer social socials sociallinks addthis addtoany sharethis
    likes likely related relatedposts recirc recirculation recommended recommendations
    newsletter newsletters subscribe subscription subscriptions signup comments commentlist
    commentform disqus respond breadcrumb breadcrumbs crumbs cookie cookies consent gdpr
    advert adverts advertisement ads adsbygoogle adfox sponsored taboola outbrain sidebar
    pagination pager navigation nav navbar menu popup modal login rating ratings trending
    printfriendly toolbar skip noprint screenreader podelitsya podelitsa podelis soc socseti
    pohozhie pohozie chitayte chitajte chitaite takzhe reklama podpiska podpisatsya
    kommentarii kommentarij kommenty kroshki tegi menyu podval poisk rekomenduem rekomendacii
    rassylka golosovanie oprosy
    """
)
# The same of two words that follow each other in one name.
STRONG_PAIRS = frozenset(
    {
        ("read", "also"), ("read", "next"), ("read", "more"), ("see", "also"), ("up", "next"),
        ("most", "popular"), ("most", "read"), ("more", "news"), ("more", "stories"),
        ("other", "news"), ("last", "news"), ("latest", "news"), ("similar", "news"),
        ("related", "news"), ("tag", "list"), ("tags", "list"), ("tags", "links"),
        ("post", "tags"), ("news", "tags"), ("article", "tags"), ("entry", "tags"),
        ("cat", "links"), ("author", "bio"), ("author", "box"), ("author", "card"),
        ("about", "author"), ("post", "navigation"), ("po", "teme"), ("drugie", "novosti"),
        ("eshche", "novosti"), ("chitat", "takzhe"), ("sign", "up"), ("stay", "connected"),
        ("stay", "tuned"), ("follow", "us"), ("hlebnye", "kroshki"), ("inform", "counter"),
        ("print", "only"), ("visually", "hidden"), ("screen", "reader"), ("ya", "share2"),
        ("materialy", "temy"), ("entry", "footer"), ("next", "prev"), ("prev", "next"),
    }
)  # fmt: skip
# Names that an article's own parts bear as often.
WEAK_WORDS = _words(
    """
    tags author authors byline avtor avtory meta counter counters views prosmotry promo teaser
    teasers banner banners ad adv date data time rubric rubrika category categories popular
    similar recommend more next previous tag tegs aside toc print source feedback poll quiz
    donate donation support hidden hide toggle disclaimer footer topics keywords subscribers
    follow app telegram
    """
)

# A name such as ``has-sidebar`` tells what stands beside the element, not what it is.
OTHERS_WORDS = _words("has have with without no not")

# --- In lines of text --------------------------------------------------------------------------

_LONGEST_LINE = 300  # characters; longer text is never judged by how it begins

_OTHER_PART = re.compile(
    r"""(?:
    (?:материалы|новости|статьи|публикации|ещ[её]|читайте|сюжеты|видео|фото)?\ ?по\ (?:этой\ )?теме
    | (?:читайте|читать|смотрите|смотреть|слушайте|узнайте)\ (?:также|ещ[её]|далее|дальше|по\ теме)
    | (?:похожие|другие|последние|главные|свежие|актуальные|популярные|важные|связанные|новые)
      \ (?:новости|материалы|статьи|записи|публикации|события)
      (?:\ (?:дня|часа|недели|города|региона|раздела|рубрики|компании|сайта))?
    | ещ[её]\ (?:новости|материалы|статьи|в\ рубрике\ .{,60})
    | рекомендуем(?:\ (?:также|почитать|прочитать|посмотреть))? | рекомендации
    | (?:вам|вас)\ (?:также\ )?(?:может|могут)\ (?:быть\ )?
      (?:интересн\w+|понравит\w+|заинтересовать)
    | (?:самое\ )?(?:популярное|читаемое|обсуждаемое) | выбор\ редакции | сейчас\ читают
    | (?:новости|материалы)\ (?:партн[её]ров|сми2?|раздела|рубрики) | лента\ новостей | все\ новости
    | оставайтесь\ на\ связи | подпишитесь(?:\ .{,80})? | подписывайтесь(?:\ .{,80})?
    | подписка(?:\ на\ (?:новости|рассылку|обновления|журнал|газету))?
    | мы\ в\ (?:соцсетях|социальных\ сетях)
    | поделиться(?:\ .{,40})? | поделитесь(?:\ .{,60})? | расскажите\ друзьям
    | комментарии(?:\ к\ .{,60}|\ ?\(?\d+\)?)? | (?:оставить|добавить|написать)\ комментари\w+
    | обсуждение | теги | метки | ключевые\ слова
    | read\ (?:also|more|next)(?:\ .{,40})? | also\ read | see\ more(?:\ .{,40})? | up\ next
    | related(?:\ (?:articles?|stories|posts?|news|content|topics|links|coverage|reading|items))?
    | more\ (?:on\ this\ (?:story|topic)|stories|news|like\ this|(?:from|in)\ .{,60})
    | you\ (?:may|might)\ (?:also\ )?(?:like|be\ interested\ in)
    | recommended(?:\ (?:for\ you|stories|articles|reading))? | editor'?s?'?\ picks?
    | most\ (?:read|popular|viewed) | trending(?:\ now)? | latest\ (?:news|stories)
    | share(?:\ (?:this|on|via)(?:\ .{,40})?)? | comments?\ ?(?:\(?\d+\)?)? | \d+\ comments?
    | leave\ a\ (?:reply|comment) | join\ the\ (?:conversation|discussion) | tags | keywords
    | topics
    | (?:sign\ up|subscribe)(?:\ .{,80})? | newsletters? | stay\ (?:connected|in\ touch|tuned)
    | follow\ us(?:\ .{,40})? | sponsored\ content
    | (?:mehr|alles|weiteres)\ zum\ thema(?:\ .{,60})? | mehr\ zu(?:m|r)?\ .{,40}
    | (?:lesen\ sie|auch)\ (?:auch|mehr|interessant|lesen|hier|dazu)(?:\ .{,40})?
    | das\ könnte\ (?:sie|dich|ihnen|dir)\ auch\ (?:interessieren|gefallen)
    | (?:weitere|ähnliche|verwandte|neueste|passende)
      \ (?:artikel|beiträge|themen|meldungen|nachrichten|inhalte)(?:\ .{,40})?
    | weiterführende\ (?:links|informationen) | über\ (?:den\ autor|die\ autorin|diese\ reihe)
    | kommentare(?:\ .{,20})? | \d+\ kommentare? | schreibe?\ einen\ kommentar
    | schlagwörter | (?:artikel\ )?teilen(?:\ .{,20})? | inhaltsverzeichnis
    | (?:à\ )?lire\ aussi | sur\ le\ même\ (?:sujet|thème) | articles?\ (?:liés|similaires)
    | partager(?:\ .{,40})? | commentaires(?:\ .{,20})? | mots[-\ ]clés
    | (?:lea|lee|ver|mira|leer)\ (?:también|además|más) | (?:te|le)\ puede(?:n)?\ interesar
    | (?:contenidos?|noticias?|artículos?|notas?|temas?)\ relacionad[oa]s?
    | más\ (?:noticias|leíd[oa]s|sobre\ .{,40}|en\ .{,40}) | temas | etiquetas | comentarios
    | compartir(?:\ .{,40})? | comparte(?:\ .{,40})?
    | leggi\ anche | articoli\ correlati | potrebbe(?:ro)?\ interessarti(?:\ anche)? | commenti
    | (?:leia|veja|saiba)\ (?:também|mais) | (?:notícias|matérias)\ relacionadas | compartilhe
    | (?:przeczytaj|czytaj|zobacz|sprawdź)\ (?:też|także|również|więcej) | polecamy | powiązane
    | tagi | komentarze | udostępnij(?:\ .{,40})?
    | читайте\ також | дивіться\ також | схожі\ (?:новини|матеріали) | коментарі | поділитися
    )\s*[:.…!→»>]*""",
    re.IGNORECASE | re.VERBOSE,
)
_SERVICE_LINE = re.compile(
    r"""(?:
    спасибо\ за\ (?:интерес|подписку|обращение|ваш)\b
    | к\ сожалению,\ во\ время\ (?:регистрации|оформления|отправки)
    | ваша\ подписка\b | вы\ успешно\ подпис
    | подпи(?:шитесь|сывайтесь)\ на\b | подпи(?:шитесь|сывайтесь|саться)$
    | (?:если\ вы\ )?(?:нашли|заметили|увидели)\ (?:ошибку|опечатку|неточность)
    | выделите\ (?:е[её]|ошибку|фрагмент|текст) | сообщить\ об\ (?:ошибке|опечатке)
    | версия\ для\ (?:печати|слабовидящих) | распечатать$ | скопировать\ ссылку
    | вернуться\ к\ списку | (?:просмотр(?:ов|ы)|количество\ просмотров)\s*:
    | (?:теги|метки|ключевые\ слова|рубрики?|категори[ия])\s*:
    | просмотров\ \d | (?:дата\ публикации|опубликовано)\s*:?\s*\d
    | (?:©|\(c\)|copyright\b|alle\ rechte\ vorbehalten|all\ rights\ reserved|все\ права\ защищены)
    | (?:letzte\ (?:änderung|aktualisierung)|aktualisiert\ am|last\ (?:modified|updated))\b
    | (?:anzeige|werbung|publicidad|publicité|pubblicità|publicidade)(?:$|\s*[.:*-])
    | реклама(?:$|[.:]) | на\ правах\ рекламы | поделиться(?:$|:|\ в\b) | поделитесь\b
    | (?:мы|наш\ канал)\ в\ (?:telegram|телеграм|vk|вконтакте|дзен|max)
    | (?:сообщение|запись|публикация)\ .{,200}\ (?:появил(?:ись|ось|ась)\ сначала\ на
      |впервые\ появил(?:ись|ось|ась))\b
    | введите\ (?:ваш|свой)?\ ?(?:e-?mail|email|адрес\ (?:электронной|эл)|электронн|имейл)
    | нажимая\ (?:на\ )?(?:эту\ |данную\ )?кнопку\b
    | (?:следующая|предыдущая)\ (?:новость|статья|запись|публикация)(?:$|\s*[:←→«])
    | оцените\ (?:эту\ )?(?:статью|новость|материал|публикацию)(?:$|\s*[:.!\d])
    | enter\ your\ e-?mail | by\ (?:clicking|pressing)\ .{,80}\ you\ (?:agree|accept|consent)
    | (?:next|previous)\ (?:article|post|story)(?:$|\s*[:←→])
    | rate\ this\ (?:article|post|story)\b
    | (?:читать|смотреть)\ (?:далее|дальше|полностью)\s*[.…→»>]*$ | подробнее\s*[.…→»>]*$
    | continue\ reading(?:$|\s*[→»>]|\ .{,200}[→»>]$) | read\ more\s*[.…→»>]*$
    | (?:назад|наверх|вверх|к\ списку|все\ новости)$
    | the\ post\ .{,200}\ (?:appeared\ first\ on|first\ appeared\ on)\b
    | thank\ you\ for\ (?:subscribing|signing\ up|your\ interest)
    | (?:sign\ up|subscribe)\ (?:to|for)\b | (?:advertisement|sponsored)$ | share\ (?:this|on)\b
    | click\ (?:here\ )?to\ (?:share|print|email) | follow\ us\b | \d+\ (?:views|просмотр\w*)$
    | (?:tags|filed\ under|posted\ in|views|categories)\s*:
    | (?:print|email|save|copy\ link|back\ to\ (?:top|list)|skip\ advertisement)$
    | we\ use\ cookies | мы\ используем\ (?:файлы\ )?cookie
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_POINTER = re.compile(
    r"(?:читайте|читать|смотрите|смотреть|узнайте)\s+(?:также|ещ[её]|по\s+теме|подробнее)"
    r"|(?:материалы|новости|ещ[её])?\s*по\s+теме\s*:|ранее\s*:|подробнее\s*:"
    r"|(?:lesen\s+sie|auch)\s+(?:auch|hier|lesen|interessant)|mehr\s+(?:dazu|zum\s+thema)"
    r"|(?:à\s+)?lire\s+aussi|(?:lea|lee|mira)\s+también|leggi\s+anche|leia\s+(?:também|mais)"
    r"|(?:przeczytaj|czytaj|zobacz)\s+(?:też|także|również)|читайте\s+також"
    r"|(?:read|see)\s+(?:also|more|next)|also\s+read|related\s*:|more\s*:|recommended\s*:",
    re.IGNORECASE,
)
_DATE_LINE = re.compile(
    r"(?:опубликовано|дата|posted(?:\ on)?|published(?:\ on)?|updated(?:\ on)?|обновлено)?[:\s]*"
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}\s+[а-яa-z]{3,9}\.?,?\s+\d{4}(?:\s*(?:г\.|года))?|[a-z]{3,9}\.?\s+\d{1,2},\s+\d{4})"
    r"[,\s|/·•–—-]*(?:в\s+|at\s+)?(?:\d{1,2}:\d{2}(?::\d{2})?)?\s*(?:мск|msk|[ap]\.?m\.?|[a-z]{2,4})?"
    r"[,\s|/·•–—-]*(?:в\s+|at\s+)?(?:\d{1,2}:\d{2}(?::\d{2})?)?\s*(?:мск|msk|[ap]\.?m\.?|[a-z]{2,4})?",
    re.IGNORECASE,
)


_OTHER_LIST = re.compile(
    r"""(?:
    (?:сам(?:ое|ые)\ )?(?:популярн|читаем|обсуждаем|просматриваем|комментируем)(?:ое|ые|ая)
      (?:\ (?:новости|материалы|статьи|записи|публикации|темы|сейчас))?
      (?:\ (?:за|на|в|недели|месяца|дня|года|сегодня)\b.{,40})?
    | (?:топ|лучшее|рейтинг)(?:[-\ ]?\d{1,3})?(?:\ (?:за|недели|месяца|дня|года|новостей)\b.{,40})?
    | (?:читайте|читать|смотрите)\ (?:также|ещ[её]|по\ теме) | сейчас\ читают
    | (?:вам|вас)\ (?:также\ )?(?:может|могут)\ .{,40} | рекомендуем(?:\ .{,40})?
    | выбор\ (?:редакции|читателей)
    | афиша(?:\ .{,40})?
    | (?:календарь|анонсы?|расписание|план)\ (?:событий|мероприятий)(?:\ .{,40})?
    | (?:ближайшие|предстоящие|будущие|грядущие)\ (?:события|мероприятия)(?:\ .{,40})?
    | (?:most|top)\ (?:read|popular|viewed|shared|commented|discussed)(?:\ .{,40})?
    | popular(?:\ (?:news|stories|posts|articles|now|today|this|in|on)\b.{,40})?
    | trending(?:\ .{,40})? | editor'?s?'?\ picks? | recommended(?:\ .{,40})?
    | (?:read|see)\ also | you\ (?:may|might)\ (?:also\ )?like
    | (?:upcoming\ )?events(?:\ (?:calendar|this|in)\b.{,40})?
    | meistgelesen(?:\ .{,40})? | (?:kommende\ )?veranstaltungen(?:\ .{,40})?
    )\s*[:.…!→»>]*""",
    re.IGNORECASE | re.VERBOSE,
)
_NEWS_WORD = re.compile(
    r"новост|новин|novost|news|пресс|press|публикаци|publika|publicat|стат(?:ь[яи]|ей)\b|stat[yi]i"
    r"|article|\bблог|blog|журнал|journal|magazin|хроник|\bлент[аы]\b|\blenta\b|репортаж|событи"
    r"|sobyti|stories|\bmedia\b|медиа|\bсми\b|nachricht|aktuell|meldung|noticia|actualit|notizi"
    r"|aktualno|wiadomosc",
    re.IGNORECASE,
)


def names_other_list(text: str) -> bool:
    """Whether a list's heading says that it is no news: what is popular, or what is to come."""
    return len(text) <= _LONGEST_LINE and _OTHER_LIST.fullmatch(text) is not None


def speaks_of_news(text: str) -> bool:
    """Whether a title, a heading or a path says that news or articles are there."""
    return _NEWS_WORD.search(text[:_LONGEST_LINE]) is not None


def opens_other_part(text: str) -> bool:
    """Whether a line is the heading of links, forms or comments that follow an article."""
    return len(text) <= _LONGEST_LINE and _OTHER_PART.fullmatch(text) is not None


def is_service_line(text: str, linked: float) -> bool:
    """Whether a paragraph serves the site rather than the story.

    Args:
        text: the paragraph on one line.
        linked: the share of its characters that are links, 0 to 1.
    """
    if len(text) > _LONGEST_LINE:
        return False
    if _SERVICE_LINE.match(text) or _DATE_LINE.fullmatch(text):
        return True
    return linked > 0.3 and _POINTER.match(text) is not None  # noqa: PLR2004 - a third is a link
