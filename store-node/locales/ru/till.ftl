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
help-enter-sale = принять набранный код; сам по себе ничего не делает
help-quantity = количество в последней или выбранной строке
help-quantity-code = три штуки следующего кода, с клавиш или сканера
help-total = итог, затем оплата
help-void = сторно последней строки; спросит один раз
help-delete = сторно выбранной строки; спросит один раз
help-arrows = выбрать строку
help-esc = стереть ввод, закрыть отказ, назад
help-return = режим возврата, пока чек пуст; ещё раз — продажа
help-menu = внесение, изъятие, X и Z, пересчёт, отмена чека, выход
help-drawer = открыть ящик, с причиной
help-lock = заблокировать: выход кассира
help-cash = получено 500,00 наличными
help-exact = наличные без сдачи или набранная сумма
help-card = всё картой
help-card-part = часть картой, остаток другим способом
help-to-receipt = назад к чеку, пока оплата не принята
foot-close = Esc — закрыть
foot-menu = цифра или ↑ ↓ и Enter; Esc — назад
foot-form = Enter — дальше, Esc — назад
foot-ask = Enter — да, Esc — нет

## Меню и формы
menu-title = Меню кассира
menu-cash-in = Внесение
menu-cash-out = Изъятие
menu-x = X-отчёт
menu-z = Закрытие смены (Z-отчёт)
menu-count = Пересчёт ящика
menu-cancel = Отмена чека
menu-sign-off = Блокировка: выход кассира
form-sign-on = Вход кассира
form-open-shift = Открытие смены
form-drawer = Открыть денежный ящик
lead-open-shift = Смена закрыта. Войдите и укажите размен в ящике.
lead-count = Пересчитайте наличные в ящике. Смена остаётся открытой.
lead-close-shift = Пересчитайте наличные в ящике. После этого смена будет закрыта и снят Z-отчёт.
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
ask-give-up-what = Касса сначала спросит регистратор. Если ничего не напечатано, верните деньги покупателю.
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
waiting-do-2 = 2. Нажмите R. Касса сначала спросит, что уже напечатано.
waiting-do-3 = 3. Если не исправить: 9 — отказаться от чека и вернуть деньги.
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
shift-expired = Смена длится больше 24 часов: её можно только закрыть (F9, 4).

## Отказы, по коду
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
refusal-no-right = нет права на это действие: позовите старшего кассира
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
refusal-fiscal-device = отказ фискального регистратора

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
