/** Words of the strip and of the panel. */
export default {
  en: {
    "strip.bot": "Bot",
    "strip.running": "Running",
    "strip.starting": "Starting",
    "strip.stopped": "Stopped",
    "strip.unwell": "In trouble",
    "strip.sources": "Sources read",
    "strip.sources_value": "{read}/{known}",
    "strip.sources_failing": "{failing} of {known} failing",
    "strip.queued": "Queue",
    "strip.rate": "Sent per second",
    "strip.rate_value": "{rate}/s",
    "strip.sent": "Sent in all",
    "strip.waits": "Waits (429)",
    "strip.error": "Last trouble in the bot’s log",
    "strip.more": "All figures",

    "panel.close": "Close",
    "panel.intro":
      "Break something, publish an article, and watch the figures at the top: the bot waits, tries again and " +
      "loses nothing.",
    "panel.telegram": "Telegram",
    "panel.slow": "Slow",
    "panel.slow_hint": "Every answer takes longer. Sending goes on, only with fewer messages per second.",
    "panel.floods": "Flood control",
    "panel.floods_hint":
      "Telegram answers “too many requests” (429) now and then. The bot waits as long as it is told; nobody is " +
      "skipped.",
    "panel.down": "Down",
    "panel.down_hint": "Nothing gets through. The queue grows; when Telegram is back it empties by itself.",
    "panel.cut": "Connection cut after acceptance",
    "panel.cut_hint":
      "Telegram takes a message, but its answer is lost, at every other message to a chat. The bot cannot know, and " +
      "repeats it once, silently.",
    "panel.process": "The bot’s process",
    "panel.stop": "Stop",
    "panel.kill": "Kill",
    "panel.start": "Start",
    "panel.process_hint":
      "Stop is SIGTERM: the bot finishes what it has begun. Kill is kill -9, in mid-word: only what was on its " +
      "way may come twice. Publish while the bot is away, then start it: it catches up.",
    "panel.readers": "A reader blocks the bot",
    "panel.readers_hint":
      "The next push to this reader is refused; the bot then leaves them alone until they come back.",
    "panel.nobody": "No reader is here yet.",
    "panel.crowd": "A crowd",
    "panel.crowd_hint": "Subscribers who get every article. Bring them, publish, and break something meanwhile.",
    "panel.count": "How many (1 to {most})",
    "panel.bring": "Bring subscribers",
    "panel.progress": "Arrived so far",
    "panel.tally_readers": "Readers",
    "panel.tally_expected": "Expected",
    "panel.tally_arrived": "Arrived",
    "panel.tally_twice": "Twice",
    "error.crowd_full": "There is room for 500 subscribers in all.",
    "panel.crowd_none": "Nobody is here yet.",
    "panel.crowd_joining": "{joining} more are subscribing…",
    "panel.crowd_waiting": "All have subscribed. Publish an article.",
    "panel.crowd_underway": "{arrived} of {expected} arrived, {twice} twice",
    "panel.crowd_done": "{arrived} of {expected} arrived, {twice} twice",
  },
  ru: {
    "strip.bot": "Бот",
    "strip.running": "Работает",
    "strip.starting": "Запускается",
    "strip.stopped": "Остановлен",
    "strip.unwell": "Есть неполадки",
    "strip.sources": "Источники",
    "strip.sources_value": "{read} из {known}",
    "strip.sources_failing": "{failing} из {known} с ошибкой",
    "strip.queued": "Очередь",
    "strip.rate": "Отправка",
    "strip.rate_value": "{rate}/с",
    "strip.sent": "Всего отправлено",
    "strip.waits": "Паузы (429)",
    "strip.error": "Последняя неполадка в журнале бота",
    "strip.more": "Все показатели",

    "panel.close": "Закрыть",
    "panel.intro":
      "Сломайте что-нибудь, опубликуйте статью и следите за показателями наверху: бот подождёт, повторит и ничего " +
      "не потеряет.",
    "panel.telegram": "Telegram",
    "panel.slow": "Отвечает медленно",
    "panel.slow_hint": "Каждый ответ идёт дольше. Рассылка продолжается, только сообщений в секунду меньше.",
    "panel.floods": "Ограничивает отправку",
    "panel.floods_hint":
      "Время от времени Telegram отвечает «слишком много запросов» (429). Бот ждёт столько, сколько велено, и " +
      "никого не пропускает.",
    "panel.down": "Не работает",
    "panel.down_hint": "Не проходит ничего, очередь растёт. Когда Telegram вернётся, она разойдётся сама.",
    "panel.cut": "Связь рвётся после приёма",
    "panel.cut_hint":
      "Telegram принимает сообщение, но ответ теряется — для каждого второго сообщения в чате. Бот не знает, дошло " +
      "ли оно, и повторяет его один раз, без звука.",
    "panel.process": "Процесс бота",
    "panel.stop": "Остановить",
    "panel.kill": "Убить",
    "panel.start": "Запустить",
    "panel.process_hint":
      "Остановить — это SIGTERM: бот доделает начатое. Убить — это kill -9, на полуслове: дважды может прийти " +
      "только то, что было в пути. Опубликуйте что-нибудь без бота и запустите его снова: он всё наверстает.",
    "panel.readers": "Читатель блокирует бота",
    "panel.readers_hint":
      "Следующая новость до этого читателя не дойдёт, и бот не станет его беспокоить, пока тот не вернётся.",
    "panel.nobody": "Читателей пока нет.",
    "panel.crowd": "Много читателей",
    "panel.crowd_hint":
      "Подписчики, которым приходит каждая статья. Позовите их, опубликуйте что-нибудь и ломайте тем временем что " +
      "угодно.",
    "panel.count": "Сколько (от 1 до {most})",
    "panel.bring": "Позвать подписчиков",
    "panel.progress": "Сколько уже дошло",
    "panel.tally_readers": "Читателей",
    "panel.tally_expected": "Ожидается",
    "panel.tally_arrived": "Дошло",
    "panel.tally_twice": "Дважды",
    "error.crowd_full": "Всего помещается 500 подписчиков.",
    "panel.crowd_none": "Пока никого нет.",
    "panel.crowd_joining": "Подписываются, осталось: {joining}…",
    "panel.crowd_waiting": "Все подписались. Опубликуйте статью.",
    "panel.crowd_underway": "Дошло {arrived} из {expected}, дважды — {twice}",
    "panel.crowd_done": "Дошло {arrived} из {expected}, дважды — {twice}",
  },
};
