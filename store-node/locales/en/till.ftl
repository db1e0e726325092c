# The cashier's screen. Lines are short: most of them have one row of 76 columns, or a part of it.

## Frame
till-number = till { $n }
nobody = signed off
shift-number = shift { $n }
shift-none = no shift
receipt-number = receipt { $n }
too-small = This window is too small for the till: make it at least 80 columns wide and 25 lines high.

## Modes
mode-sale = SALE
mode-payment = PAYMENT
mode-return = RETURN
mode-return-payment = RETURN: MONEY BACK
mode-waiting = PAID, WAITING
mode-closed = CLOSED
mode-training = TRAINING
mode-terminal = TERMINAL AT WORK
mode-locked = LOCKED
mode-expired = OVER 24 HOURS
mode-stopped = DOES NOT START

## Receipt
column-number = No
column-item = Item
column-quantity = Quantity
column-price = Price
column-amount = Amount
voided = void
last-line = LAST LINE
selected-line = SELECTED LINE
total = TOTAL
total-return = RETURN TOTAL
total-small = total
discount = discount
lines = { $n ->
    [one] { $n } line
   *[other] { $n } lines
}
change-before = last change
customer = card
parked = parked: { $n }
unit-piece = piece
unit-kilogram = kg
item-barcode = Barcode

## Payment
to-pay = TO PAY
to-give-back = TO GIVE BACK
given = GIVEN
given-small = given
change = CHANGE
still-to-pay = STILL TO PAY
closed = RECEIPT { $n } CLOSED
tender-cash = cash
tender-card = card
tender-gift = gift card
tender-credit = credit
tender-points = points
in-cash = in cash
points-earned = points earned
points-taken-back = points taken back
tender-qr = QR code
tender-prepaid = prepaid

## Status
light-fiscal = fiscal
light-server = server
light-terminal = terminal
unsent = { $n } unsent
unsent-none = all sent
disk = disk { $percent } %
age-seconds = { $n } s
age-minutes = { $n } min
age-hours = { $n } h
age-days = { $n } d
busy = working… { $n } s
reason-paper-out = no paper
reason-offline = does not answer
reason-no-answer = does not answer
reason-cover-open = cover is open
reason-cancelled = cancelled
reason-declined = declined: { $detail }
reason-none-here = there is none here

## Input line
hint-sale = scan, or key a code and Enter
hint-next-customer = next customer: scan, or any key
hint-payment = amount and Enter for cash; + alone is the exact amount
hint-payment-return = + gives all of it back in cash; F2 on the card
hint-waiting = R tries again
hint-sign-on = your number and Enter, then the PIN and Enter
hint-dialog = Esc goes back

## Keys
key-total = total
key-void = void
key-quantity = quantity
key-return = return
key-menu = menu
key-help = help
key-cash = cash
key-card = card
key-to-receipt = to receipt
key-resume = try again
key-next = next
key-back = back
key-choose = choose
key-close = close
key-yes = yes
key-no = no
key-leave = leave the till
key-weigh = weigh
key-search = search
key-price = price check
key-customer = card, phone
key-discount = discount, price
key-repeat = once more
key-park = park, recall
key-quick = quick keys
key-copy = last copy
key-lock = lock
key-drawer = drawer
key-clear = clear, back
key-qr = QR
key-points = points
key-gift = gift card
key-credit = credit
key-prepaid = prepaid
key-give-back = give back
key-change-points = change: points
key-close-shift = close the shift
key-stop = stop the terminal
key-settle = supervisor
key-take-out = take out a line
key-give-up = give up
key-all = all
key-none = not this

## Help
help-title = Keys
help-quantity = 3*code = three of it, keyed or scanned; 3* Enter = quantity of the line
help-cash = 500 Enter = cash given; + alone = the exact amount
foot-close = Esc closes
foot-menu = a digit, or ↑ ↓ and Enter; Esc goes back
foot-form = Enter goes on, Esc goes back
foot-ask = Enter = yes, Esc = no
help-weigh = code/ sells what is on the scale; 0.012*code/ with a tare of 12 g
help-quick = .5 Enter sells the fifth quick key
help-words = Words are typed and ended with Enter: VD 3 voids line 3, 10DI is 10 %
help-part = 300 F2 = a part by card, the rest in another way
foot-help = ↑ ↓ scroll, Esc closes

## Menu and forms
menu-title = Cashier's menu
menu-cash-in = Cash in
menu-cash-out = Cash out
menu-x = X report
menu-z = Close shift (Z)
menu-count = Count drawer
menu-cancel = Cancel receipt
menu-sign-off = Sign off
form-sign-on = Sign on
form-open-shift = Open the shift
form-drawer = Open the drawer
lead-open-shift = The shift is closed. Sign on and count the float.
lead-drawer = Opening the drawer without a sale is recorded.
field-operator = Operator number
field-pin = PIN
field-float = Cash in the drawer
field-amount = Amount
field-reason = Reason
field-counted = Counted
menu-loan = Float from the safe
menu-paid-in = Other cash in
menu-pickup = Pickup to the safe
menu-paid-out = Other cash out
menu-reprint = Copy of receipt
menu-journal = Journal
menu-train = Training
menu-train-end = End the training
menu-away = Lock or leave
menu-lock = Lock the till
menu-break = Break
menu-discounts = Discount or price
menu-line-percent = Discount on the line, %
menu-line-sum = Discount on the line, sum
menu-receipt-percent = Discount on the receipt, %
menu-receipt-sum = Discount on the receipt, sum
menu-line-price = Another price for the line
menu-returns = Return
menu-return-receipt = By the receipt: number or QR code
menu-return-no-receipt = Without receipt, and back to sale
menu-return-fiscal = By the fiscal code of the paper
menu-settle = What did the supervisor see?
menu-settle-made = It was made: there is a slip or document
menu-settle-not-made = It was not made: there is none
form-locked = The till is locked
form-price = Price check
form-customer = Customer's card or phone
form-points = Pay with points
form-park = Put the receipt aside
lead-price = Scan the item or key its code. Nothing is sold.
lead-customer = Scan the card, or key its number or the phone.
lead-park = A name helps to find it again; it may be empty.
lead-find-sale = Scan the QR code of the receipt, or key its number: 117, 2-117 (till 2), S1/2-117.
lead-fiscal-code = Scan the QR code of the receipt. Then enter the goods that come back.
lead-gift = Scan the gift card or key its number, then Enter.
lead-points = So many points come off the lines. Lines do not change after it; F8 gives them back.
lead-settle = A supervisor has looked at the paper of the device or the terminal.
locked-by = { $name } locked the till at { $at } ({ $age }). The receipt is kept.
locked-break = { $name } is on a break since { $at } ({ $age }). The receipt is kept.
field-code = Code
field-customer = Card or phone
field-percent = Discount, %
field-discount = Discount, sum
field-price = Price
field-name = Name
field-sale = Receipt
field-fiscal-code = QR code
field-gift = Gift card
field-points = Points
field-mark = Code of the unit
field-weight = Quantity, kg or pieces
field-quantity = Quantity
field-supervisor = Supervisor's number
field-search = Name or code

## Questions
ask-void = Void line { $n }?
ask-cancel = Cancel the receipt?
ask-cancel-what = All its lines are dropped and its number is spent.
ask-give-up = Give the paid receipt up?
ask-give-up-what = The till asks the device first. If nothing was printed, the money goes back.
ask-leave = Leave the till?
ask-leave-what = The screen is closed. An open receipt is kept and is here again when the till is started.

## Reports
report-x = X report, shift { $n }
report-z = The shift is closed
report-sales = Sales: { $n }
report-returns = Returns: { $n }
report-cancelled = Cancelled: { $n }
report-float = Float
report-cash-in = Cash in
report-cash-out = Cash out
cash-expected = Cash expected
counted = Counted
over = Over
short = Short
exact = Difference

## The fiscal device does not answer
waiting-title = Paid, but not fiscalised yet
waiting-what = The customer has paid. The fiscal device has not confirmed the receipt.
waiting-why = Reason: { $reason }.
waiting-safe = Nothing is lost: do not take the money and do not ring the goods again.
waiting-do-1 = 1. Look at the device: power, cable, paper, cover.
waiting-do-2 = 2. Then press R. The till asks the device first what it has printed.
waiting-operation-title = The fiscal device has not answered
waiting-operation = What was begun (shift, cash in or out) is not confirmed by the device.
waiting-foot = R or Enter = try again

## Notices
done-cash-in = Cash in: { $amount }
done-cash-out = Cash out: { $amount }
done-cancelled = Receipt { $n } is cancelled
done-drawer = The drawer is open
done-signed-off = Signed off
screen-restarted = The screen failed and was started again; the receipt is as it was.
restored = The till was started again; everything that was committed is here.
restored-open-receipt = The till was started again; the open receipt is here, line by line.
restored-finished-receipt = Started again and asked the device: the last receipt is closed.
restored-finished-operation = Started again and asked the device: what was begun is done.
restored-waiting-for-fiscal = The till was started again; the fiscal device does not answer yet.
way-out = Esc = understood
way-out-of-several = Esc = understood, { $n } to read
refusal-unknown-code = not in the catalogue, key it by hand
refusal-bad-check-digit = misread code: scan it again
refusal-not-for-sale = this code is not for sale
refusal-label-quantity = the label has a quantity: scan each one
refusal-weight-needed = sold by weight: key 0.475* before it
refusal-ambiguous-name = several items have this name: choose by code
refusal-unknown-operator = no such operator number
refusal-wrong-pin = the PIN is wrong
refusal-not-signed-on = nobody is signed on
refusal-shift-closed = the shift is closed: open it first
refusal-shift-open = the shift is open already
refusal-shift-expired = the shift is older than 24 hours: close it (F9, 4)
refusal-amount-not-positive = an amount above zero is needed
refusal-amount-negative = an amount of zero or more is needed
refusal-amount-too-large = the amount is more than a till takes
refusal-not-enough-cash = there is not so much cash in the drawer
refusal-no-receipt = no receipt is open
refusal-receipt-open = a receipt is open: finish or cancel it first
refusal-payment-begun = a tender was taken: pay the rest, or cancel (F9, 9)
refusal-too-many-lines = the receipt is full: close it and begin another
refusal-quantity-not-positive = a quantity above zero is needed
refusal-no-such-line = there is no such line
refusal-line-voided = the line is void already
refusal-void-too-much = the line has not so much to void
refusal-fixed-sum = the sum is fixed by a label: void it and enter it again
refusal-empty-receipt = the receipt has no lines to pay for
refusal-tender-not-taken = this till does not take such a tender
refusal-over-due = more than what is due: only cash gives change
refusal-not-covered = the amount is less than what is due
refusal-already-paid = the receipt is paid already
refusal-unknown-receipt = there is no such receipt
refusal-store-unreachable = a receipt of another till, and the store is silent
refusal-not-a-sale = only a sale can be returned
refusal-not-on-receipt = the receipt has nothing like this left to return
refusal-return-too-much = not so much can still be returned
refusal-nothing-left = everything of this receipt came back already
refusal-waiting-for-fiscal = the receipt before waits for the fiscal device
refusal-nothing-waits = nothing waits to be finished
refusal-fiscal-conflict = the fiscal device holds another document: call for help
refusal-fiscal-device = the fiscal device: { $detail }

refusal-no-line = there is no line for this: scan something first
refusal-bad-quantity = this is not a quantity: for example 3*
refusal-quantity-before-star = key the quantity first, then *: for example 3*
refusal-finish-entry-first = finish the code with Enter, or clear it with Esc
refusal-bad-amount = this is not an amount of money: for example 500 or 99.90
refusal-scan-while-paying = NOT added: finish the payment first
refusal-scan-while-waiting = NOT added: finish the last receipt first
refusal-scan-not-here = NOT added: close this box, scan again
refusal-not-stored = nothing was stored: do the same again
refusal-till-restarting = NOT done, the till restarts: do it again
refusal-till-busy = NOT done, too much to do: do it again
refusal-outcome-unknown = no answer: look at the receipt before doing it again
refusal-too-fast = NOT taken: too much at once, do it again
done-parked = Receipt { $n } is put aside
done-reprinted = A copy of receipt { $n } is printed
done-customer = The customer is known
done-taken = { $amount } taken from the account
done-taken-here = { $amount } taken; the head office was not asked
done-given-back = Given back to the account
done-training = Training: nothing of this is real (F9, 8 ends it)
done-training-ended = The training is over
restored-waiting-for-terminal = The till was started again; the payment terminal does not answer yet.

## Lists
list-parked = Parked receipts
list-take-out = Take a line out; its money goes back
foot-list = digit, or ↑ ↓ and Enter; Esc goes back
foot-take-out = digit or ↑ ↓, then Enter takes it out; Esc goes back
back-title = Return of receipt { $n }
back-heads = back / left           paid
back-paid = The customer paid:
back-how = How does the money go back?
foot-back = Enter = all of the line, or key how much; * = everything; + = go on
foot-back-pay = Esc goes back to the lines
search-title = Search
search-nothing = nothing found
foot-search = type at least two letters; ↓ or Enter = to the list; Esc goes back
foot-search-list = digit or Enter sells; Esc = back to the text
quick-title = Quick keys
foot-quick = digit sells; Esc goes back
foot-count = ↓ counts by worth; + = to the sum; Enter there sends
notes-title = Look at this

## Questions of the till
asks-age-title = Age { $years }+
asks-age = Is the buyer { $years } or older? Look at a document.
foot-age = + or Y = yes, Esc = no
asks-mark-title = Marked goods
asks-mark = Scan the code of the unit itself: the square one.
asks-price-title = Enter the price
asks-price = From { $from } to { $to }.
asks-quantity-title = Weight or quantity
asks-quantity = Key the quantity, or / takes it from the scale (with a tare: 0.012/).
asks-gift-title = Gift card
asks-pin-title = PIN of the card
asks-pin = Let the customer key the PIN, then Enter.
asks-approval-title = A supervisor must allow this
asks-approval = Missing right: { $right }.
asks-card = Scan the supervisor's card now.
foot-answer = Enter = done, Esc = do not sell
foot-approval = Enter goes on, F4 = by card, Esc = leave it
ask-close-expired = Close the shift without counting?
ask-close-expired-what = The shift is closed and the Z report is printed. The drawer counts as not counted.

## Rights
right-open-shift = open a shift
right-close-shift = close a shift
right-close-with-difference = close with such a difference
right-see-expected-cash = see what the drawer should hold
right-move-cash = take cash in and out
right-open-drawer = open the drawer without a sale
right-void-lines = void lines for such a sum
right-cancel-receipt = cancel a receipt
right-discount = give such a discount
right-enter-price = enter a price
right-change-price = change a price
right-return-by-receipt = take goods back by a receipt
right-return-without-receipt = take goods back without a receipt
right-refund-in-cash = give cash for a card payment
right-return-by-fiscal-code = take goods back by a fiscal code
right-sell-on-credit = sell on credit
right-give-over-limit = give more to accounts than a cashier may today
right-reprint = print a copy
right-train = train
right-resolve-conflict = say what a device has made
right-approve = approve

## Waiting
waiting-do-t = T = take out the line that the device refuses.
waiting-do-9 = 9 = give the receipt up; the money goes back.
waiting-do-s = S = a supervisor says what is on the device's paper.
terminal-title = The terminal takes the payment
terminal-back-title = The terminal gives the money back
terminal-waits = Waiting for the terminal
terminal-nothing-else = Only the terminal decides. No key confirms the payment.
terminal-cancelling = Asked the terminal to stop. Its answer decides.
terminal-foot = Esc = ask the terminal to stop
terminal-lost-title = The terminal's answer was lost
terminal-lost = It is not known whether the money was taken.
terminal-do-r = R = ask the terminal what it did. It does not charge twice.
terminal-do-s = S = a supervisor has seen the slip, or that there is none.
terminal-lost-foot = R = ask again, S = supervisor
expired-title = The shift is over 24 hours old
expired-what = The fiscal device sells no more in this shift. It can only be closed.
expired-cancel = First cancel the open receipt: F9, 9.
expired-z = Z = close it without counting the drawer.
expired-count = F9, 4 = count the drawer and close it.
expired-foot = Z closes, F9 = menu
stopped-title = The till cannot start
stopped-what = Nothing that was committed is lost. The till tries again by itself.
stopped-do-1 = 1. Look at the disk and the devices: power, cables, free space.
stopped-do-2 = 2. Leave with Ctrl+Q and start the till again.
stopped-do-3 = 3. If it stays so, call support and read them the reason.
stopped-foot = Ctrl+Q = leave

## Refusals
refusal-missing-right = there is no right to do this
refusal-pin-wait = too many wrong PINs: wait { $number } s
refusal-pin-blocked = too many wrong PINs: a supervisor must unlock
refusal-locked = the till is locked by another operator
refusal-own-approval = a supervisor is another person
refusal-nothing-asked = nothing was asked
refusal-clock-set-back = the clock is set back: set it right
refusal-store-is-older = the store's program is older: update the store first
refusal-disk-full = the disk is full, no receipt is begun: call support
refusal-not-compared = this till waits for what its store knows of it
refusal-does-not-add-up = a receipt does not add up: call support
refusal-training = finish training first
refusal-no-training = this till cannot train
refusal-nothing-to-print = there is no receipt yet
refusal-printer = printer: { $detail }
refusal-not-counted = count the drawer: the shift is not too old
refusal-one-unit = marked goods: scan each unit by itself
refusal-mark-twice = this unit is on the receipt already
refusal-mark-sold = this unit was sold already: take another
refusal-not-the-mark = this is not the code of this unit
refusal-marks-unchecked = marked goods cannot be checked: not sold now
refusal-no-sale-now = not sold at this hour
refusal-too-young = not sold to a buyer of that age
refusal-price-out-of-range = the price is outside its limits
refusal-nothing-to-repeat = nothing was sold that could be repeated
refusal-scale = scale: { $detail }
refusal-weight-unstable = the weight moves: weigh again
refusal-no-weight = there is nothing on the scale
refusal-scale-overload = the scale carries too much
refusal-not-weighed = not sold by weight
refusal-not-discountable = no discount may be taken from this
refusal-discount-too-large = the discount is more than the price
refusal-too-many-discounts = the receipt has too many discounts
refusal-not-a-customer = not the number of a card or a phone
refusal-no-customer = whose points? Enter the card or the phone first
refusal-points-burned = points are off already: F8 gives them back first
refusal-nothing-to-burn = nothing here may be paid with points
refusal-burn-too-much = too many points: at most { $amount }
refusal-no-programme = the shop has no points today
refusal-no-change-to-keep = there is no change that may be taken in points
refusal-not-of-a-return = accounts pay for sales only
refusal-account-asked = the account has not answered: wait for it
refusal-accounts-unreachable = the store is silent about accounts: pay otherwise
refusal-nothing-taken = nothing was taken from an account
refusal-too-many-releases = too much waits for the store: pay otherwise
refusal-no-gift-card = enter or scan the number of the gift card
refusal-not-a-gift-card = this is not the number of a gift card
refusal-load-not-returned = a gift card that was sold does not come back
refusal-put-back-too-much = only { $amount } can go back so
refusal-unknown-card = the card is not known
refusal-card-blocked = the card is blocked
refusal-account-closed = the account is closed
refusal-no-such-wallet = there is no such account on this card
refusal-not-enough = not enough on the account: there is { $amount }
refusal-not-enough-here = not enough while the head office is silent: { $amount }
refusal-operation-differs = asked before with another amount
refusal-operation-refused = this was refused before
refusal-operation-ended = this was given back or has timed out
refusal-pin-locked = too many wrong PINs: the card is locked
refusal-card-limit = the daily limit of the card is reached
refusal-cashier-limit = your daily limit is reached: call a supervisor
refusal-not-ready = the store checks its accounts: wait, or pay otherwise
refusal-busy = the accounts are too busy: try again
refusal-return-not-parked = a return is not put aside: finish or cancel it
refusal-nothing-parked = nothing is put aside
refusal-choose-parked = several receipts are put aside: choose one
refusal-parked-taken = that receipt was taken up at another till
refusal-parked-unreachable = that receipt is in the store, which is silent
refusal-too-many-tenders = the receipt has too many payments
refusal-terminal-asked = the terminal has not answered: wait for it
refusal-terminal = terminal: { $detail }
refusal-no-terminal = there is no payment terminal at this till
refusal-payment-not-reversed = the terminal did not give the money back
refusal-last-line = this is the last line: cancel the receipt
refusal-not-fiscal-code = this is not the QR code of a receipt
refusal-sale-not-found = there is no such receipt
refusal-sale-unreachable = not found here, no line above: use its QR code
refusal-return-too-late = the sale is too old: over { $number } days
refusal-return-over-sale = more than what is left of this sale

## Own refusals
refusal-bad-percent = this is not a per cent: for example 10 or 7.5
refusal-code-before-slash = key the code first, then /: for example 456/
refusal-no-quick-keys = the shop has no quick keys
refusal-no-such-quick-key = there is no such quick key
refusal-nothing-chosen = choose a line first: Enter, or * for all
refusal-scan-while-asked = NOT added: answer first
