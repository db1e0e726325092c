# Экран кассира. Строки короткие: почти каждой отведена одна строка в 76 знаков или её часть.

## Рамка
till-number = касса { $n }
nobody = вход не выполнен
shift-number = смена { $n }
shift-none = смены нет
receipt-number = чек { $n }
too-small = Окно мало для кассы: нужно не меньше 80 знаков в ширину и 25 строк в высоту.

## Режимы
mode-sale = ПРОДАЖА
mode-payment = ОПЛАТА
mode-return = ВОЗВРАТ
mode-return-payment = ВОЗВРАТ: ВЫДАЧА ДЕНЕГ
mode-waiting = ОПЛАЧЕНО, ЖДЁМ
mode-closed = ЗАКРЫТО

## Чек
column-number = №
column-item = Товар
column-quantity = Кол-во
column-price = Цена
column-amount = Сумма
voided = сторно
last-line = ПОСЛЕДНЯЯ
selected-line = ВЫБРАНА
total = ИТОГО
total-return = ИТОГО ВОЗВРАТ
total-small = итого
discount = скидка
lines = { $n ->
    [one] { $n } позиция
    [few] { $n } позиции
   *[other] { $n } позиций
}
change-before = прошлая сдача

## Оплата
to-pay = К ОПЛАТЕ
to-give-back = К ВЫДАЧЕ
given = ПОЛУЧЕНО
given-small = получено
change = СДАЧА
still-to-pay = ОСТАНЕТСЯ
closed = ЧЕК { $n } ЗАКРЫТ
tender-cash = наличные
tender-card = карта
tender-gift = подарочная карта
tender-credit = в кредит
tender-points = баллы

## Состояние
light-fiscal = фискальный
light-server = сервер
light-terminal = терминал
unsent = не отправлено { $n }
unsent-none = всё отправлено
age-seconds = { $n } с
age-minutes = { $n } мин
age-hours = { $n } ч
age-days = { $n } дн
busy = выполняется… { $n } с
reason-paper-out = нет бумаги
reason-offline = не отвечает
reason-no-answer = не отвечает
reason-cover-open = открыта крышка

## Строка ввода
hint-sale = отсканируйте товар или наберите код и Enter
hint-next-customer = следующий покупатель: сканируйте или нажмите любую клавишу
hint-payment = сумма и Enter — наличные; просто + — без сдачи
hint-payment-return = + — выдать всё наличными; F2 — на карту
hint-waiting = R — повторить
hint-sign-on = номер и Enter, затем пароль и Enter
hint-dialog = Esc — назад

## Клавиши
key-total = итог
key-void = сторно
key-quantity = кол-во
key-return = возврат
key-menu = меню
key-help = помощь
key-cash = наличные
key-card = карта
key-to-receipt = к чеку
key-resume = повторить
key-next = дальше
key-back = назад
key-choose = выбор
key-close = закрыть
key-yes = да
key-no = нет
key-leave = выйти из кассы

## Помощь
help-title = Клавиши
help-quantity = 3*код — три штуки, с клавиш или сканера; 3* Enter — количество в строке
help-cash = 500 Enter — наличные; просто + — без сдачи
foot-close = Esc — закрыть
foot-menu = цифра или ↑ ↓ и Enter; Esc — назад
foot-form = Enter — дальше, Esc — назад
foot-ask = Enter — да, Esc — нет

## Меню и формы
menu-title = Меню кассира
menu-cash-in = Внесение
menu-cash-out = Изъятие
menu-x = X-отчёт
menu-z = Закрыть смену Z
menu-count = Пересчёт
menu-cancel = Отмена чека
menu-sign-off = Смена кассира
form-sign-on = Вход кассира
form-open-shift = Открытие смены
form-drawer = Открыть денежный ящик
lead-open-shift = Смена закрыта. Войдите и укажите размен в ящике.
lead-drawer = Открытие ящика без продажи записывается.
field-operator = Номер кассира
field-pin = Пароль
field-float = Размен в ящике
field-amount = Сумма
field-reason = Причина
field-counted = В ящике

## Вопросы
ask-void = Сторнировать строку { $n }?
ask-cancel = Отменить чек?
ask-cancel-what = Все позиции будут сброшены, номер чека израсходован.
ask-give-up = Отказаться от оплаченного чека?
ask-give-up-what = Касса сначала спросит регистратор. Если ничего не напечатано, деньги возвращаются.
ask-leave = Выйти из кассы?
ask-leave-what = Экран закроется. Открытый чек сохранится и появится снова при запуске кассы.

## Отчёты
report-x = X-отчёт, смена { $n }
report-z = Смена закрыта
report-sales = Продажи: { $n }
report-returns = Возвраты: { $n }
report-cancelled = Отменено: { $n }
report-float = Размен
report-cash-in = Внесено
report-cash-out = Изъято
cash-expected = Должно быть в ящике
counted = Пересчитано
over = Излишек
short = Недостача
exact = Расхождение

## Фискальный регистратор не отвечает
waiting-title = Оплачено, но чек ещё не пробит
waiting-what = Покупатель заплатил. Фискальный регистратор не подтвердил чек.
waiting-why = Причина: { $reason }.
waiting-safe = Ничего не потеряно: не берите деньги и не пробивайте товар второй раз.
waiting-do-1 = 1. Проверьте регистратор: питание, кабель, бумага, крышка.
waiting-do-2 = 2. Нажмите R (К). Касса сначала спросит, что уже напечатано.
waiting-operation-title = Фискальный регистратор не ответил
waiting-operation = Начатое (смена, внесение, изъятие) не подтверждено регистратором.
waiting-foot = R или Enter — повторить

## Сообщения
done-cash-in = Внесено: { $amount }
done-cash-out = Изъято: { $amount }
done-cancelled = Чек { $n } отменён
done-drawer = Ящик открыт
done-signed-off = Кассир вышел
screen-restarted = Экран дал сбой и перезапущен; чек на месте.
restored = Касса перезапущена; всё записанное на месте.
restored-open-receipt = Касса перезапущена; открытый чек восстановлен построчно.
restored-finished-receipt = Касса перезапущена и опросила регистратор: последний чек закрыт.
restored-finished-operation = Касса перезапущена и опросила регистратор: начатое завершено.
restored-waiting-for-fiscal = Касса перезапущена; регистратор пока не отвечает.
way-out = Esc — понятно
way-out-of-several = Esc — понятно, всего { $n }
refusal-unknown-code = код не найден, наберите вручную
refusal-bad-check-digit = код прочитан с ошибкой: сканируйте ещё раз
refusal-not-for-sale = этот код не для продажи
refusal-label-quantity = вес уже в этикетке: сканируйте по одной
refusal-weight-needed = весовой товар: сначала вес, например 0,475*
refusal-ambiguous-name = таких товаров несколько: наберите код
refusal-unknown-operator = нет кассира с таким номером
refusal-wrong-pin = неверный пароль
refusal-not-signed-on = кассир не вошёл
refusal-shift-closed = смена закрыта: сначала откройте её
refusal-shift-open = смена уже открыта
refusal-shift-expired = смена больше 24 часов: закройте её (F9, 4)
refusal-amount-not-positive = нужна сумма больше нуля
refusal-amount-negative = сумма не может быть меньше нуля
refusal-amount-too-large = слишком большая сумма
refusal-not-enough-cash = в ящике нет столько наличных
refusal-no-receipt = нет открытого чека
refusal-receipt-open = есть открытый чек: завершите или отмените его
refusal-payment-begun = оплата начата: примите остаток или отмените чек (F9, 9)
refusal-too-many-lines = чек заполнен: закройте его и начните новый
refusal-quantity-not-positive = нужно количество больше нуля
refusal-no-such-line = нет такой строки
refusal-line-voided = строка уже сторнирована
refusal-void-too-much = в строке нет столько для сторно
refusal-fixed-sum = сумма задана этикеткой: сторно и ввод заново
refusal-empty-receipt = в чеке нет позиций к оплате
refusal-tender-not-taken = этот вид оплаты касса не принимает
refusal-over-due = больше, чем к оплате: сдача только с наличных
refusal-not-covered = сумма меньше, чем к оплате
refusal-already-paid = чек уже оплачен
refusal-unknown-receipt = нет такого чека
refusal-store-unreachable = чек другой кассы, а сервер магазина не отвечает
refusal-not-a-sale = вернуть можно только продажу
refusal-not-on-receipt = такого товара в чеке для возврата нет
refusal-return-too-much = столько вернуть уже нельзя
refusal-nothing-left = по этому чеку возвращено всё
refusal-waiting-for-fiscal = предыдущий чек ждёт фискальный регистратор
refusal-nothing-waits = завершать нечего
refusal-fiscal-conflict = в регистраторе другой документ: позовите старшего
refusal-fiscal-device = регистратор: { $detail }

refusal-no-line = нет строки для этого: сначала отсканируйте товар
refusal-bad-quantity = это не количество: например, 3*
refusal-quantity-before-star = сначала количество, потом *: например, 3*
refusal-finish-entry-first = завершите код клавишей Enter или сотрите Esc
refusal-bad-amount = это не сумма: например, 500 или 99,90
refusal-scan-while-paying = НЕ добавлено: сначала завершите оплату
refusal-scan-while-waiting = НЕ добавлено: прошлый чек не завершён
refusal-scan-not-here = НЕ добавлено: закройте окно, повторите
refusal-not-stored = ничего не записано: повторите
refusal-till-restarting = НЕ выполнено, перезапуск кассы: повторите
refusal-till-busy = НЕ выполнено: касса перегружена, повторите
refusal-outcome-unknown = нет ответа: посмотрите чек, прежде чем повторять
refusal-too-fast = НЕ принято: слишком быстро, повторите

## Режимы
mode-training = УЧЁБА
mode-terminal = ЖДЁМ ТЕРМИНАЛ
mode-locked = ЗАБЛОКИРОВАНА
mode-expired = БОЛЬШЕ 24 ЧАСОВ
mode-stopped = НЕ ЗАПУСКАЕТСЯ

## Чек
customer = карта
parked = отложено: { $n }
unit-piece = шт
unit-kilogram = кг
item-barcode = Штрихкод

## Оплата
in-cash = наличными
tender-qr = СБП (QR-код)

## Клавиши
key-weigh = вес
key-search = поиск
key-price = цена
key-customer = карта, телефон
key-discount = скидка, цена
key-repeat = ещё раз
key-park = отложить
key-quick = быстрые товары
key-copy = копия чека
key-lock = блокировка
key-drawer = ящик
key-clear = сброс, назад
key-qr = СБП
key-points = баллы
key-gift = подар. карта
key-credit = в кредит
key-close-shift = закрыть смену
key-stop = отменить оплату
key-settle = старший
key-take-out = убрать товар
key-give-up = отказаться
key-all = всё
key-none = не брать

## Помощь
help-weigh = код/ — товар с весов; 0,012*код/ — с тарой 12 г
help-quick = .5 Enter — пятый из быстрых товаров
help-words = Слова — с Enter: СТ 3 — сторно строки 3, 10СК — скидка 10 %
help-part = 300 F2 — часть картой, остаток другим способом
foot-help = ↑ ↓ — листать, Esc — закрыть

## Меню и формы
menu-loan = Размен из сейфа
menu-paid-in = Прочее внесение
menu-pickup = Инкассация в сейф
menu-paid-out = Прочая выдача
menu-reprint = Копия чека…
menu-journal = Журнал чеков
menu-train = Учёба
menu-train-end = Закончить учёбу
menu-away = Уход от кассы
menu-lock = Заблокировать
menu-break = Перерыв
menu-discounts = Скидка или цена
menu-line-percent = Скидка на строку, %
menu-line-sum = Скидка на строку, сумма
menu-receipt-percent = Скидка на чек, %
menu-receipt-sum = Скидка на чек, сумма
menu-line-price = Другая цена строки
menu-returns = Возврат
menu-return-receipt = По чеку: номер или QR-код
menu-return-no-receipt = Без чека; ещё раз — обратно к продаже
menu-return-fiscal = По фискальным реквизитам чека
menu-settle = Что увидел старший?
menu-settle-made = Сделано: слип или документ есть
menu-settle-not-made = Не сделано: слипа и документа нет
form-locked = Касса заблокирована
form-price = Проверка цены
form-customer = Карта или телефон покупателя
form-park = Отложить чек
lead-price = Отсканируйте товар или наберите код. В чек он не попадёт.
lead-customer = Отсканируйте карту либо наберите её номер или телефон.
lead-park = По имени чек легче найти; его можно не вводить.
lead-find-sale = Сканируйте QR-код чека или наберите номер: 117, 2-117 (касса 2), S1/2-117.
lead-fiscal-code = Сканируйте QR-код чека. Затем введите товары, которые возвращают.
lead-gift = Сканируйте подарочную карту или наберите номер, затем Enter.
lead-settle = Старший посмотрел на ленту регистратора или слип терминала.
locked-by = Заблокировал(а): { $name }, { $at } ({ $age }). Чек сохранён.
locked-break = Перерыв: { $name } с { $at } ({ $age }). Чек сохранён.
field-code = Код
field-customer = Карта или телефон
field-percent = Скидка, %
field-discount = Скидка, сумма
field-price = Цена
field-name = Имя
field-sale = Чек
field-fiscal-code = QR-код
field-gift = Подарочная карта
field-mark = Код упаковки
field-weight = Количество, кг или шт
field-quantity = Количество
field-supervisor = Номер старшего
field-search = Название или код

## Списки
list-parked = Отложенные чеки
list-take-out = Убрать товар, деньги вернутся
foot-list = цифра или ↑ ↓ и Enter; Esc — назад
foot-take-out = цифра или ↑ ↓, Enter — убрать; Esc — назад
back-title = Возврат по чеку { $n }
back-heads = берём / есть        оплачено
back-paid = Покупатель платил:
back-how = Как вернуть деньги?
foot-back = Enter — вся строка или наберите сколько; * — всё; + — дальше
foot-back-pay = Esc — назад к строкам
search-title = Поиск товара
search-nothing = ничего не найдено
foot-search = от двух букв; ↓ или Enter — к списку; Esc — назад
foot-search-list = цифра или Enter — в чек; Esc — к тексту
quick-title = Быстрые товары
foot-quick = цифра — в чек; Esc — назад
foot-count = ↓ — по купюрам; + — к сумме; там Enter
notes-title = Обратите внимание

## Вопросы кассы
asks-age-title = Возраст { $years }+
asks-age = Покупателю есть { $years } лет? Проверьте документ.
foot-age = + или Д — да, Esc — нет
asks-mark-title = Маркированный товар
asks-mark = Отсканируйте код самой упаковки: квадратный.
asks-price-title = Введите цену
asks-price = От { $from } до { $to }.
asks-quantity-title = Вес или количество
asks-quantity = Наберите количество; / — взять с весов (с тарой: 0,012/).
asks-approval-title = Нужно разрешение старшего
asks-approval = Нет права: { $right }.
asks-card = Сканируйте карту старшего.
foot-answer = Enter — готово, Esc — отказаться
foot-approval = Enter — дальше, F4 — по карте, Esc — отказаться
ask-close-expired = Закрыть смену без пересчёта?
ask-close-expired-what = Смена будет закрыта и снят Z-отчёт. Ящик останется непересчитанным.

## Права
right-open-shift = открыть смену
right-close-shift = закрыть смену
right-close-with-difference = закрыть смену с таким расхождением
right-see-expected-cash = видеть, сколько должно быть в ящике
right-move-cash = вносить и изымать наличные
right-open-drawer = открыть ящик без продажи
right-void-lines = сторнировать на такую сумму
right-cancel-receipt = отменить чек
right-discount = дать такую скидку
right-enter-price = ввести цену
right-change-price = изменить цену
right-return-by-receipt = вернуть товар по чеку
right-return-without-receipt = вернуть товар без чека
right-refund-in-cash = вернуть наличными оплату картой
right-return-by-fiscal-code = вернуть товар по реквизитам чека
right-sell-on-credit = продать в кредит
right-reprint = напечатать копию чека
right-train = учиться на кассе
right-resolve-conflict = решать, что сделало устройство
right-approve = разрешать другим

## Ожидание
waiting-do-t = T (Е) — убрать товар, который регистратор не принимает.
waiting-do-9 = 9 — отказаться от чека и вернуть деньги.
waiting-do-s = S (Ы) — старший решает по ленте, пробит ли документ.
terminal-title = Терминал принимает оплату
terminal-back-title = Терминал возвращает деньги
terminal-waits = Ждём ответа терминала
terminal-nothing-else = Решает только терминал. Ни одна клавиша оплату не подтвердит.
terminal-cancelling = Терминалу передана отмена. Решает его ответ.
terminal-foot = Esc — попросить терминал отменить
terminal-lost-title = Ответ терминала потерян
terminal-lost = Неизвестно, списаны ли деньги.
terminal-do-r = R (К) — спросить терминал, что он сделал. Второй раз не спишет.
terminal-do-s = S (Ы) — старший видел слип или что его нет.
terminal-lost-foot = R — спросить ещё раз, S — старший
expired-title = Смене больше 24 часов
expired-what = В этой смене больше не продать. Её можно только закрыть.
expired-cancel = Сначала отмените открытый чек: F9, 9.
expired-z = Z (Я) — закрыть без пересчёта ящика.
expired-count = F9, 4 — пересчитать ящик и закрыть.
expired-foot = Z — закрыть, F9 — меню
stopped-title = Касса не запускается
stopped-what = Записанное не потеряно. Касса сама пробует запуститься снова.
stopped-do-1 = 1. Проверьте диск и устройства: питание, кабели, свободное место.
stopped-do-2 = 2. Выйдите (Ctrl+Q) и запустите кассу снова.
stopped-do-3 = 3. Если не помогло, позвоните в поддержку и прочтите причину.
stopped-foot = Ctrl+Q — выйти

## Сообщения
done-parked = Чек { $n } отложен
done-reprinted = Копия чека { $n } напечатана
done-customer = Покупатель указан
done-training = Учёба: всё не по-настоящему (F9, 8 — закончить)
done-training-ended = Учёба закончена
restored-waiting-for-terminal = Касса перезапущена; терминал оплаты пока не отвечает.

## Отказы правил
refusal-missing-right = нет права на это действие
refusal-pin-wait = много неверных паролей: подождите { $number } с
refusal-pin-blocked = много неверных паролей: нужен старший
refusal-locked = касса заблокирована другим кассиром
refusal-own-approval = разрешить должен другой человек
refusal-nothing-asked = касса ни о чём не спрашивала
refusal-clock-set-back = часы кассы отстают: исправьте время
refusal-training = сначала закончите учёбу
refusal-no-training = на этой кассе учёбы нет
refusal-nothing-to-print = чеков ещё нет
refusal-printer = принтер: { $detail }
refusal-not-counted = пересчитайте ящик: смене нет 24 часов
refusal-one-unit = маркировка: сканируйте каждую упаковку
refusal-mark-twice = эта упаковка уже в чеке
refusal-mark-sold = эта упаковка уже продана: возьмите другую
refusal-not-the-mark = это не код этой упаковки
refusal-marks-unchecked = маркировку не проверить: пока не продаём
refusal-no-sale-now = в эти часы не продаётся
refusal-too-young = по возрасту не продаётся
refusal-price-out-of-range = цена вне допустимых границ
refusal-nothing-to-repeat = нечего повторить
refusal-scale = весы: { $detail }
refusal-weight-unstable = вес не установился: взвесьте ещё раз
refusal-no-weight = на весах ничего нет
refusal-scale-overload = на весах слишком много
refusal-not-weighed = товар не весовой
refusal-not-discountable = на это скидки нет
refusal-discount-too-large = скидка больше суммы
refusal-too-many-discounts = в чеке слишком много скидок
refusal-not-a-customer = это не номер карты и не телефон
refusal-return-not-parked = возврат не откладывают: завершите или отмените
refusal-nothing-parked = отложенных чеков нет
refusal-choose-parked = отложено несколько чеков: выберите
refusal-parked-taken = этот чек уже взяла другая касса
refusal-parked-unreachable = чек в магазине, а сервер не отвечает
refusal-too-many-tenders = в чеке слишком много оплат
refusal-terminal-asked = терминал ещё не ответил: подождите
refusal-terminal = терминал: { $detail }
refusal-no-terminal = на этой кассе нет терминала
refusal-payment-not-reversed = терминал не вернул деньги
refusal-last-line = это последняя строка: отмените чек
refusal-not-fiscal-code = это не QR-код чека
refusal-sale-not-found = такого чека нет
refusal-sale-unreachable = здесь чека нет, связи нет: нужен QR-код чека
refusal-return-too-late = поздно: продаже больше { $number } дней
refusal-return-over-sale = больше, чем осталось по этой продаже

## Отказы экрана
refusal-bad-percent = это не процент: например, 10 или 7,5
refusal-code-before-slash = сначала код, потом /: например, 456/
refusal-no-quick-keys = быстрых товаров нет
refusal-no-such-quick-key = такой быстрой клавиши нет
refusal-nothing-chosen = сначала выберите строки: Enter или * — всё
refusal-scan-while-asked = НЕ добавлено: сначала ответьте
