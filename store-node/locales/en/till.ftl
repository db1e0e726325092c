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

## Status
light-fiscal = fiscal
light-server = server
unsent = { $n } unsent
unsent-none = all sent
age-seconds = { $n } s
age-minutes = { $n } min
age-hours = { $n } h
age-days = { $n } d
busy = working… { $n } s
reason-paper-out = no paper
reason-offline = does not answer
reason-no-answer = does not answer
reason-cover-open = cover is open

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

## Help
help-title = Keys
help-enter-sale = take the code that was keyed; alone it does nothing
help-quantity = quantity of the last or the selected line
help-quantity-code = three of the code that follows, keyed or scanned
help-total = total, then payment
help-void = void the last line; asks once
help-delete = void the selected line; asks once
help-arrows = select a line
help-esc = clear the input, close a refusal, go back
help-return = return mode on and off, while the receipt is empty
help-menu = cash in and out, X and Z, count, cancel, sign off
help-drawer = open the drawer, with a reason
help-lock = lock the till: sign off
help-cash = 500.00 given in cash
help-exact = cash, the exact amount or the amount keyed
help-card = all of it by card
help-card-part = a part by card, the rest in another way
help-to-receipt = back to the receipt, until a tender is taken
foot-close = Esc closes
foot-menu = a digit, or ↑ ↓ and Enter; Esc goes back
foot-form = Enter goes on, Esc goes back
foot-ask = Enter = yes, Esc = no

## Menu and forms
menu-title = Cashier's menu
menu-cash-in = Cash in
menu-cash-out = Cash out
menu-x = X report
menu-z = Close the shift (Z)
menu-count = Count the drawer
menu-cancel = Cancel the receipt
menu-sign-off = Lock: sign off
form-sign-on = Sign on
form-open-shift = Open the shift
form-drawer = Open the drawer
lead-open-shift = The shift is closed. Sign on and count the float.
lead-count = Count the cash in the drawer. The shift stays open.
lead-close-shift = Count the cash in the drawer. The shift is closed after this, and the Z report is printed.
lead-drawer = Opening the drawer without a sale is recorded.
field-operator = Operator number
field-pin = PIN
field-float = Cash in the drawer
field-amount = Amount
field-reason = Reason
field-counted = Counted

## Questions
ask-void = Void line { $n }?
ask-cancel = Cancel the receipt?
ask-cancel-what = All its lines are dropped and its number is spent.
ask-give-up = Give the paid receipt up?
ask-give-up-what = The till asks the device first. If nothing was printed, give the customer the money back.
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
waiting-do-3 = 3. If it cannot be mended: 9 gives the receipt up, and the money goes back.
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
shift-expired = The shift is older than 24 hours: it can only be closed (F9, 4).

## Refusals, by code
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
refusal-no-right = you have no right to do this: call the senior cashier
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
refusal-fiscal-device = the fiscal device refused

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
