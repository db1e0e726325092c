# Екран касира. Рядки короткі: майже кожному відведено один рядок на 76 знаків або його частину.

## Рамка
till-number = каса { $n }
nobody = вхід не виконано
shift-number = зміна { $n }
shift-none = зміни немає
receipt-number = чек { $n }
too-small = Вікно замале для каси: потрібно щонайменше 80 знаків завширшки і 25 рядків заввишки.

## Режими
mode-sale = ПРОДАЖ
mode-payment = ОПЛАТА
mode-return = ПОВЕРНЕННЯ
mode-return-payment = ПОВЕРНЕННЯ: ВИДАЧА ГРОШЕЙ
mode-waiting = СПЛАЧЕНО, ЧЕКАЄМО
mode-closed = ЗАКРИТО

## Чек
column-number = №
column-item = Товар
column-quantity = К-сть
column-price = Ціна
column-amount = Сума
voided = сторно
last-line = ОСТАННІЙ
selected-line = ВИБРАНИЙ
total = РАЗОМ
total-return = РАЗОМ ПОВЕРНЕННЯ
total-small = разом
discount = знижка
lines = { $n ->
    [one] { $n } позиція
    [few] { $n } позиції
   *[other] { $n } позицій
}
change-before = остання решта

## Оплата
to-pay = ДО СПЛАТИ
to-give-back = ДО ВИДАЧІ
given = ОТРИМАНО
given-small = отримано
change = РЕШТА
still-to-pay = ЗАЛИШИТЬСЯ
closed = ЧЕК { $n } ЗАКРИТО
tender-cash = готівка
tender-card = картка
tender-gift = подарункова картка
tender-credit = у кредит
tender-points = бали

## Стан
light-fiscal = фіскальний
light-server = сервер
light-terminal = термінал
unsent = не надіслано { $n }
unsent-none = усе надіслано
age-seconds = { $n } с
age-minutes = { $n } хв
age-hours = { $n } год
age-days = { $n } дн
busy = виконується… { $n } с
reason-paper-out = немає паперу
reason-offline = не відповідає
reason-no-answer = не відповідає
reason-cover-open = відкрито кришку

## Рядок вводу
hint-sale = відскануйте товар або наберіть код і Enter
hint-next-customer = наступний покупець: скануйте або натисніть будь-яку клавішу
hint-payment = сума й Enter — готівка; лише + — без решти
hint-payment-return = + — видати все готівкою; F2 — на картку
hint-waiting = R — повторити
hint-sign-on = номер і Enter, потім пароль і Enter
hint-dialog = Esc — назад

## Клавіші
key-total = разом
key-void = сторно
key-quantity = к-сть
key-return = повернення
key-menu = меню
key-help = довідка
key-cash = готівка
key-card = картка
key-to-receipt = до чека
key-resume = повторити
key-next = далі
key-back = назад
key-choose = вибір
key-close = закрити
key-yes = так
key-no = ні
key-leave = вийти з каси

## Довідка
help-title = Клавіші
help-quantity = 3*код — три штуки, з клавіш чи сканера; 3* Enter — кількість у рядку
help-cash = 500 Enter — готівка; лише + — без решти
foot-close = Esc — закрити
foot-menu = цифра або ↑ ↓ і Enter; Esc — назад
foot-form = Enter — далі, Esc — назад
foot-ask = Enter — так, Esc — ні

## Меню й форми
menu-title = Меню касира
menu-cash-in = Внесення
menu-cash-out = Вилучення
menu-x = X-звіт
menu-z = Закрити зміну Z
menu-count = Перерахунок
menu-cancel = Скасувати чек
menu-sign-off = Зміна касира
form-sign-on = Вхід касира
form-open-shift = Відкриття зміни
form-drawer = Відкрити грошову скриньку
lead-open-shift = Зміну закрито. Увійдіть і вкажіть розмін у скриньці.
lead-drawer = Відкриття скриньки без продажу записується.
field-operator = Номер касира
field-pin = Пароль
field-float = Розмін у скриньці
field-amount = Сума
field-reason = Причина
field-counted = У скриньці

## Запитання
ask-void = Сторнувати рядок { $n }?
ask-cancel = Скасувати чек?
ask-cancel-what = Усі позиції буде скинуто, номер чека витрачено.
ask-give-up = Відмовитися від сплаченого чека?
ask-give-up-what = Каса спершу спитає реєстратор. Якщо нічого не надруковано, гроші повертаються.
ask-leave = Вийти з каси?
ask-leave-what = Екран закриється. Відкритий чек збережеться і з'явиться знову після запуску каси.

## Звіти
report-x = X-звіт, зміна { $n }
report-z = Зміну закрито
report-sales = Продажі: { $n }
report-returns = Повернення: { $n }
report-cancelled = Скасовано: { $n }
report-float = Розмін
report-cash-in = Внесено
report-cash-out = Вилучено
cash-expected = Має бути в скриньці
counted = Перераховано
over = Надлишок
short = Нестача
exact = Розбіжність

## Фіскальний реєстратор не відповідає
waiting-title = Сплачено, але чек ще не пробито
waiting-what = Покупець заплатив. Фіскальний реєстратор не підтвердив чек.
waiting-why = Причина: { $reason }.
waiting-safe = Нічого не втрачено: не беріть гроші й не пробивайте товар удруге.
waiting-do-1 = 1. Перевірте реєстратор: живлення, кабель, папір, кришка.
waiting-do-2 = 2. Натисніть R (К). Каса спершу спитає, що вже надруковано.
waiting-operation-title = Фіскальний реєстратор не відповів
waiting-operation = Розпочате (зміна, внесення, вилучення) реєстратор не підтвердив.
waiting-foot = R або Enter — повторити

## Повідомлення
done-cash-in = Внесено: { $amount }
done-cash-out = Вилучено: { $amount }
done-cancelled = Чек { $n } скасовано
done-drawer = Скриньку відкрито
done-signed-off = Касир вийшов
screen-restarted = Екран дав збій і перезапустився; чек на місці.
restored = Касу перезапущено; усе записане на місці.
restored-open-receipt = Касу перезапущено; відкритий чек відновлено рядок за рядком.
restored-finished-receipt = Касу перезапущено, реєстратор опитано: останній чек закрито.
restored-finished-operation = Касу перезапущено, реєстратор опитано: розпочате завершено.
restored-waiting-for-fiscal = Касу перезапущено; реєстратор поки не відповідає.

## Відмови, за кодом
way-out = Esc — зрозуміло
way-out-of-several = Esc — зрозуміло, усього { $n }
refusal-unknown-code = код не знайдено, наберіть вручну
refusal-bad-check-digit = код прочитано з помилкою: ще раз
refusal-not-for-sale = цей код не для продажу
refusal-label-quantity = вага вже в етикетці: по одній
refusal-weight-needed = ваговий товар: спершу вага, 0,475*
refusal-ambiguous-name = таких товарів кілька: наберіть код
refusal-unknown-operator = немає касира з таким номером
refusal-wrong-pin = хибний пароль
refusal-not-signed-on = касир не увійшов
refusal-shift-closed = зміну закрито: спочатку відкрийте її
refusal-shift-open = зміну вже відкрито
refusal-shift-expired = зміні понад 24 години: закрийте її (F9, 4)
refusal-amount-not-positive = потрібна сума, більша за нуль
refusal-amount-negative = сума не може бути меншою за нуль
refusal-amount-too-large = завелика сума
refusal-not-enough-cash = у скриньці немає стільки готівки
refusal-no-receipt = немає відкритого чека
refusal-receipt-open = є відкритий чек: завершіть або скасуйте його
refusal-payment-begun = оплату розпочато: прийміть решту або F9, 9
refusal-too-many-lines = чек заповнено: закрийте його й почніть новий
refusal-quantity-not-positive = потрібна кількість, більша за нуль
refusal-no-such-line = немає такого рядка
refusal-line-voided = рядок уже сторновано
refusal-void-too-much = у рядку немає стільки для сторно
refusal-fixed-sum = суму задано етикеткою: сторно і ввід заново
refusal-empty-receipt = у чеку немає позицій до сплати
refusal-tender-not-taken = такої оплати каса не приймає
refusal-over-due = більше, ніж до сплати: решта лише з готівки
refusal-not-covered = сума менша, ніж до сплати
refusal-already-paid = чек уже сплачено
refusal-unknown-receipt = такого чека немає
refusal-store-unreachable = чек іншої каси, а сервер магазину мовчить
refusal-not-a-sale = повернути можна лише продаж
refusal-not-on-receipt = такого товару в чеку для повернення немає
refusal-return-too-much = стільки повернути вже не можна
refusal-nothing-left = за цим чеком повернено все
refusal-waiting-for-fiscal = попередній чек чекає на фіскальний реєстратор
refusal-nothing-waits = завершувати нічого
refusal-fiscal-conflict = у реєстраторі інший документ: покличте старшого
refusal-fiscal-device = реєстратор: { $detail }

refusal-no-line = немає рядка для цього: спершу відскануйте товар
refusal-bad-quantity = це не кількість: наприклад, 3*
refusal-quantity-before-star = спочатку кількість, потім *: наприклад, 3*
refusal-finish-entry-first = завершіть код клавішею Enter або зітріть Esc
refusal-bad-amount = це не сума: наприклад, 500 або 99,90
refusal-scan-while-paying = НЕ додано: завершіть оплату
refusal-scan-while-waiting = НЕ додано: минулий чек не завершено
refusal-scan-not-here = НЕ додано: закрийте вікно, ще раз
refusal-not-stored = нічого не записано: ще раз
refusal-till-restarting = НЕ виконано, перезапуск: ще раз
refusal-till-busy = НЕ виконано: перевантаження, ще раз
refusal-outcome-unknown = немає відповіді: гляньте на чек, перш ніж повторювати
refusal-too-fast = НЕ прийнято: зашвидко, ще раз

## Режими
mode-training = НАВЧАННЯ
mode-terminal = ЧЕКАЄМО ТЕРМІНАЛ
mode-locked = ЗАБЛОКОВАНО
mode-expired = ПОНАД 24 ГОДИНИ
mode-stopped = НЕ ЗАПУСКАЄТЬСЯ

## Чек
customer = картка
parked = відкладено: { $n }
unit-piece = шт
unit-kilogram = кг
item-barcode = Штрихкод

## Оплата
in-cash = готівкою
tender-qr = QR-код

## Клавіші
key-weigh = вага
key-search = пошук
key-price = ціна
key-customer = картка, телефон
key-discount = знижка, ціна
key-repeat = ще раз
key-park = відкласти
key-quick = швидкі товари
key-copy = копія чека
key-lock = блокування
key-drawer = скринька
key-clear = скинути, назад
key-qr = QR
key-points = бали
key-gift = подар. картка
key-credit = у кредит
key-close-shift = закрити зміну
key-stop = скасувати оплату
key-settle = старший
key-take-out = прибрати товар
key-give-up = відмовитися
key-all = усе
key-none = не брати

## Довідка
help-weigh = код/ — товар з ваг; 0,012*код/ — з тарою 12 г
help-quick = .5 Enter — п'ятий зі швидких товарів
help-words = Слова — з Enter: СТ 3 — сторно рядка 3, 10ЗН — знижка 10 %
help-part = 300 F2 — частина карткою, решта інакше
foot-help = ↑ ↓ — гортати, Esc — закрити

## Меню й форми
menu-loan = Розмін із сейфа
menu-paid-in = Інше внесення
menu-pickup = Інкасація до сейфа
menu-paid-out = Інша видача
menu-reprint = Копія чека…
menu-journal = Журнал чеків
menu-train = Навчання
menu-train-end = Закінчити навчання
menu-away = Відійти
menu-lock = Заблокувати
menu-break = Перерва
menu-discounts = Знижка або ціна
menu-line-percent = Знижка на рядок, %
menu-line-sum = Знижка на рядок, сума
menu-receipt-percent = Знижка на чек, %
menu-receipt-sum = Знижка на чек, сума
menu-line-price = Інша ціна рядка
menu-returns = Повернення
menu-return-receipt = За чеком: номер або QR-код
menu-return-no-receipt = Без чека; ще раз — знову продаж
menu-return-fiscal = За фіскальними реквізитами чека
menu-settle = Що побачив старший?
menu-settle-made = Зроблено: сліп або документ є
menu-settle-not-made = Не зроблено: сліпа й документа немає
form-locked = Касу заблоковано
form-price = Перевірка ціни
form-customer = Картка або телефон покупця
form-park = Відкласти чек
lead-price = Відскануйте товар або наберіть код. До чека він не потрапить.
lead-customer = Відскануйте картку або наберіть її номер чи телефон.
lead-park = За назвою чек легше знайти; її можна не вводити.
lead-find-sale = Скануйте QR-код чека або наберіть номер: 117, 2-117 (каса 2), S1/2-117.
lead-fiscal-code = Скануйте QR-код чека. Потім уведіть товари, які повертають.
lead-gift = Скануйте подарункову картку або наберіть номер, потім Enter.
lead-settle = Старший подивився на стрічку реєстратора або сліп термінала.
locked-by = Заблокував(ла): { $name }, { $at } ({ $age }). Чек збережено.
locked-break = Перерва: { $name } з { $at } ({ $age }). Чек збережено.
field-code = Код
field-customer = Картка або телефон
field-percent = Знижка, %
field-discount = Знижка, сума
field-price = Ціна
field-name = Назва
field-sale = Чек
field-fiscal-code = QR-код
field-gift = Подарункова картка
field-mark = Код упаковки
field-weight = Кількість, кг або шт
field-quantity = Кількість
field-supervisor = Номер старшого
field-search = Назва або код

## Списки
list-parked = Відкладені чеки
list-take-out = Прибрати товар, гроші повернуться
foot-list = цифра або ↑ ↓ і Enter; Esc — назад
foot-take-out = цифра або ↑ ↓, Enter — прибрати; Esc — назад
back-title = Повернення за чеком { $n }
back-heads = беремо / є           сплачено
back-paid = Покупець платив:
back-how = Як повернути гроші?
foot-back = Enter — увесь рядок або наберіть скільки; * — усе; + — далі
foot-back-pay = Esc — назад до рядків
search-title = Пошук товару
search-nothing = нічого не знайдено
foot-search = від двох літер; ↓ або Enter — до списку; Esc — назад
foot-search-list = цифра або Enter — до чека; Esc — до тексту
quick-title = Швидкі товари
foot-quick = цифра — до чека; Esc — назад
foot-count = ↓ — за купюрами; + — до суми; там Enter
notes-title = Зверніть увагу

## Запитання каси
asks-age-title = Вік { $years }+
asks-age = Покупцеві є { $years } років? Перевірте документ.
foot-age = + або Д — так, Esc — ні
asks-mark-title = Маркований товар
asks-mark = Відскануйте код самої упаковки: квадратний.
asks-price-title = Уведіть ціну
asks-price = Від { $from } до { $to }.
asks-quantity-title = Вага або кількість
asks-quantity = Наберіть кількість; / — узяти з ваг (з тарою: 0,012/).
asks-approval-title = Потрібен дозвіл старшого
asks-approval = Немає права: { $right }.
asks-card = Скануйте картку старшого.
foot-answer = Enter — готово, Esc — відмовитися
foot-approval = Enter — далі, F4 — за карткою, Esc — відмовитися
ask-close-expired = Закрити зміну без перерахунку?
ask-close-expired-what = Зміну буде закрито й знято Z-звіт. Скриньку буде не перераховано.

## Права
right-open-shift = відкрити зміну
right-close-shift = закрити зміну
right-close-with-difference = закрити зміну з такою розбіжністю
right-see-expected-cash = бачити, скільки має бути в скриньці
right-move-cash = вносити й вилучати готівку
right-open-drawer = відкрити скриньку без продажу
right-void-lines = сторнувати на таку суму
right-cancel-receipt = скасувати чек
right-discount = надати таку знижку
right-enter-price = увести ціну
right-change-price = змінити ціну
right-return-by-receipt = повернути товар за чеком
right-return-without-receipt = повернути товар без чека
right-refund-in-cash = повернути готівкою оплату карткою
right-return-by-fiscal-code = повернути товар за реквізитами чека
right-sell-on-credit = продати в кредит
right-reprint = надрукувати копію чека
right-train = навчатися на касі
right-resolve-conflict = вирішувати, що зробив пристрій
right-approve = дозволяти іншим

## Очікування
waiting-do-t = T (Е) — прибрати товар, який реєстратор не приймає.
waiting-do-9 = 9 — відмовитися від чека й повернути гроші.
waiting-do-s = S (І) — старший вирішує за стрічкою, чи є документ.
terminal-title = Термінал приймає оплату
terminal-back-title = Термінал повертає гроші
terminal-waits = Чекаємо відповіді термінала
terminal-nothing-else = Вирішує лише термінал. Жодна клавіша оплату не підтвердить.
terminal-cancelling = Терміналу передано скасування. Вирішує його відповідь.
terminal-foot = Esc — попросити термінал скасувати
terminal-lost-title = Відповідь термінала втрачено
terminal-lost = Невідомо, чи списано гроші.
terminal-do-r = R (К) — спитати термінал, що він зробив. Двічі не спише.
terminal-do-s = S (І) — старший бачив сліп або що його немає.
terminal-lost-foot = R — спитати ще раз, S — старший
expired-title = Зміні понад 24 години
expired-what = У цій зміні більше не продати. Її можна лише закрити.
expired-cancel = Спочатку скасуйте відкритий чек: F9, 9.
expired-z = Z (Я) — закрити без перерахунку скриньки.
expired-count = F9, 4 — перерахувати скриньку й закрити.
expired-foot = Z — закрити, F9 — меню
stopped-title = Каса не запускається
stopped-what = Записане не втрачено. Каса сама пробує запуститися знову.
stopped-do-1 = 1. Перевірте диск і пристрої: живлення, кабелі, вільне місце.
stopped-do-2 = 2. Вийдіть (Ctrl+Q) і запустіть касу знову.
stopped-do-3 = 3. Якщо не допомогло, подзвоніть у підтримку й прочитайте причину.
stopped-foot = Ctrl+Q — вийти

## Повідомлення
done-parked = Чек { $n } відкладено
done-reprinted = Копію чека { $n } надруковано
done-customer = Покупця вказано
done-training = Навчання: усе не насправді (F9, 8 — закінчити)
done-training-ended = Навчання закінчено
restored-waiting-for-terminal = Касу перезапущено; термінал оплати поки не відповідає.

## Відмови правил
refusal-missing-right = немає права на цю дію
refusal-pin-wait = забагато хибних паролів: зачекайте { $number } с
refusal-pin-blocked = забагато хибних паролів: потрібен старший
refusal-locked = касу заблокував інший касир
refusal-own-approval = дозволити має інша людина
refusal-nothing-asked = каса ні про що не питала
refusal-clock-set-back = годинник каси відстає: виправте час
refusal-training = спочатку закінчіть навчання
refusal-no-training = на цій касі навчання немає
refusal-nothing-to-print = чеків ще немає
refusal-printer = принтер: { $detail }
refusal-not-counted = перерахуйте скриньку: зміні немає 24 годин
refusal-one-unit = маркування: скануйте кожну упаковку
refusal-mark-twice = ця упаковка вже в чеку
refusal-mark-sold = цю упаковку вже продано: візьміть іншу
refusal-not-the-mark = це не код цієї упаковки
refusal-marks-unchecked = маркування не перевірити: поки не продаємо
refusal-no-sale-now = у ці години не продається
refusal-too-young = за віком не продається
refusal-price-out-of-range = ціна поза дозволеними межами
refusal-nothing-to-repeat = немає чого повторити
refusal-scale = ваги: { $detail }
refusal-weight-unstable = вага не встановилася: зважте ще раз
refusal-no-weight = на вагах нічого немає
refusal-scale-overload = на вагах забагато
refusal-not-weighed = товар не ваговий
refusal-not-discountable = на це знижки немає
refusal-discount-too-large = знижка більша за суму
refusal-too-many-discounts = у чеку забагато знижок
refusal-not-a-customer = це не номер картки й не телефон
refusal-return-not-parked = повернення не відкладають: завершіть чи скасуйте
refusal-nothing-parked = відкладених чеків немає
refusal-choose-parked = відкладено кілька чеків: виберіть
refusal-parked-taken = цей чек уже взяла інша каса
refusal-parked-unreachable = чек у магазині, а сервер не відповідає
refusal-too-many-tenders = у чеку забагато оплат
refusal-terminal-asked = термінал ще не відповів: зачекайте
refusal-terminal = термінал: { $detail }
refusal-no-terminal = на цій касі немає термінала
refusal-payment-not-reversed = термінал не повернув гроші
refusal-last-line = це останній рядок: скасуйте чек
refusal-not-fiscal-code = це не QR-код чека
refusal-sale-not-found = такого чека немає
refusal-sale-unreachable = тут чека немає, зв'язку немає: потрібен QR-код
refusal-return-too-late = запізно: продажу понад { $number } днів
refusal-return-over-sale = більше, ніж лишилося за цим продажем

## Відмови екрана
refusal-bad-percent = це не відсоток: наприклад, 10 або 7,5
refusal-code-before-slash = спочатку код, потім /: наприклад, 456/
refusal-no-quick-keys = швидких товарів немає
refusal-no-such-quick-key = такої швидкої клавіші немає
refusal-nothing-chosen = спочатку виберіть рядки: Enter або * — усе
refusal-scan-while-asked = НЕ додано: спочатку дайте відповідь
