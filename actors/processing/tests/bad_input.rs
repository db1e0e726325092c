//! What must not come in does not: exact codes and sentences, and nothing is posted.

use chrono::NaiveDate;
use domain::ids::{OperatorNumber, ReceiptId};
use domain::ledger::transfer::{Moment, Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind, OperationId};
use domain::money::Money;
use expect_test::{Expect, expect};
use messages::v1::accounts::{Authorisation, Authorise, Wallet};
use processing::machine::Now;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::log::{Act, Document, End, Entry, Stamp, Told};
use processing::machine::root::{Asked, AskedFor, Policy, Root};
use processing::machine::subordinate::{self, Subordinate};
use processing::machine::wire::{Reply, Say, ToRoot};
use uuid::Uuid;

const MONEY: u32 = 643;
const NOW: Now = Now { moment: Moment { elapsed_ms: 1_000, day: 20_000 }, wall_ms: 1_700_000_000_000 };
const STORE: u32 = 1;

fn operation(number: u128) -> OperationId {
    OperationId::from_uuid(number << 32)
}

fn customer(number: &str) -> Customer {
    let card = Card { number: number.to_owned(), state: CardState::Active, day_max: None, pin: None };
    let wallets = vec![Held { wallet: Wallet::Prepaid, asset: MONEY, limit: 0 }];
    Customer { cards: vec![card], wallets, ..Customer::default() }
}

fn prepaid(owner: u64) -> AccountId {
    AccountId::wallet(AccountKind::Prepaid, MONEY, owner)
}

fn redeemed(store: u32) -> AccountId {
    AccountId::house(AccountKind::Redeemed, MONEY, store, 0)
}

/// A root with two stores and a customer who has 10.00.
fn root() -> Root {
    let mut root = Root::new(Policy::default());
    assert_eq!((root.number_of("S1"), root.number_of("S2")), (STORE, 2));
    let owner = root.open_customer(customer("7001")).expect("opened");
    let what = AskedFor::TopUp { account: prepaid(owner), amount: 1_000, tender: 0, lot: None };
    let asked = Asked { operation: operation(1), by: OperatorNumber("1".to_owned()), reference: 0, what };
    root.ask(&asked, NOW).expect("topped up");
    root
}

/// A store sends this as its first document: what the root says of it to people, and what the customer has then.
fn forged(make: impl FnOnce(OperationId) -> Transfer, expected: Expect) {
    let number = operation(9);
    let stamp = Stamp { wall_ms: 0, day: 20_000, till: 1, operator: None, receipt: None };
    let document = Document { operation: number, stamp, recovered: false, act: Act::Move(make(number)) };
    pushed(End::default().entry(0, 0, document.to_body()), expected);
}

fn pushed(entry: Entry, expected: Expect) {
    let mut root = root();
    let say = Say::Push { epoch: 0, inc: 0, up: vec![entry], down_next: 0, trusted: false };
    root.on_store(ToRoot { from: STORE, epoch: 0, say }, NOW);
    root.book().ledger.check().expect("the book is whole");
    let alerts: Vec<String> = root.alerts().map(|alert| alert.sentence.clone()).collect();
    let taken = root.peers()[0].up_next;
    let text = format!("{}; taken {taken}; the customer has {}", alerts.join(" / "), root.total(prepaid(1)));
    expected.assert_eq(&text);
}

#[test]
fn forged_documents_post_nothing() {
    let right = |store| prepaid(1).at(AccountKind::Escrow, store);
    forged(
        |_| Transfer::plain(operation(8).line(2), TransferCode::Purchase, right(STORE), redeemed(STORE), 100),
        expect![
            "a movement of the store has a number of another operation: nothing was posted; taken 1; the customer has 1000"
        ],
    );
    forged(
        |id| Transfer::plain(id.line(2), TransferCode::Purchase, right(2), redeemed(STORE), 100),
        expect!["a movement of the store names accounts of others: nothing was posted; taken 1; the customer has 1000"],
    );
    forged(
        |id| Transfer::plain(id.line(2), TransferCode::Purchase, right(STORE), redeemed(2), 100),
        expect!["a movement of the store names accounts of others: nothing was posted; taken 1; the customer has 1000"],
    );
    forged(
        |id| Transfer::plain(id.line(2), TransferCode::PersonToPerson, prepaid(1), prepaid(2), 100),
        expect!["a movement of the store names accounts of others: nothing was posted; taken 1; the customer has 1000"],
    );
    forged(
        |id| Transfer::plain(id.line(2), TransferCode::ManualAdjustment, redeemed(STORE), right(STORE), 100),
        expect!["a movement of the store names accounts of others: nothing was posted; taken 1; the customer has 1000"],
    );
    forged(
        |id| Transfer::plain(id.line(2), TransferCode::Purchase, right(STORE), redeemed(STORE), -100),
        expect![
            "a movement of the store has an amount or a currency that no receipt has: nothing was posted; taken 1; the customer has 1000"
        ],
    );
    forged(
        |id| Transfer::plain(id.line(2), TransferCode::Purchase, right(STORE), redeemed(STORE), i64::MAX),
        expect![
            "a movement of the store has an amount or a currency that no receipt has: nothing was posted; taken 1; the customer has 1000"
        ],
    );
    forged(
        |id| {
            let other = AccountId::wallet(AccountKind::Prepaid, 978, 1);
            Transfer::plain(
                id.line(2),
                TransferCode::Purchase,
                other.at(AccountKind::Escrow, STORE),
                redeemed(STORE),
                100,
            )
        },
        expect![
            "a movement of the store has an amount or a currency that no receipt has: nothing was posted; taken 1; the customer has 1000"
        ],
    );
    forged(
        |id| {
            let nobody = prepaid(77).at(AccountKind::Escrow, STORE);
            Transfer::plain(id.line(2), TransferCode::Purchase, nobody, redeemed(STORE), 100)
        },
        expect!["customer 77 is not known: the movement is in suspense; taken 1; the customer has 1000"],
    );
}

#[test]
fn documents_out_of_their_place_are_not_taken() {
    let entry = || End::default().entry(0, 0, b"not a document".to_vec());
    pushed(
        entry(),
        expect![
            "a document of the store cannot be read: the body cannot be read: invalid type: integer `110`, expected struct Document; taken 1; the customer has 1000"
        ],
    );
    pushed(Entry { body: b"another one".to_vec(), ..entry() }, expect!["; taken 0; the customer has 1000"]);
    pushed(Entry { seq: 1, ..entry() }, expect!["; taken 0; the customer has 1000"]);
    pushed(Entry { inc: 1, ..entry() }, expect!["; taken 0; the customer has 1000"]);
    pushed(Entry { down_seen: 5, ..entry() }, expect!["; taken 0; the customer has 1000"]);
}

/// A store that may spend 10.00 of a customer, who has a blocked card, too.
fn store() -> Subordinate {
    let mut store = Subordinate::new(STORE, subordinate::Policy::default(), false);
    let welcome = Reply::Welcome { epoch: 0, nonce: 7, up: End::default(), down_next: 0, down_chain: [0; 32] };
    store.on_reply(welcome, NOW);
    let ack = |nonce, down_next| Reply::Ack { epoch: 0, inc: 0, up_next: 0, down_next, recover: false, nonce };
    store.on_reply(ack(7, 0), NOW);
    let mut known = Customer { owner: 1, ..customer("7001") };
    let blocked = Card { number: "7002".to_owned(), state: CardState::Blocked, day_max: None, pin: None };
    known.cards.push(blocked);
    let right = prepaid(1).at(AccountKind::Escrow, STORE);
    let grant = Transfer::plain(operation(2).line(1), TransferCode::LeaseGrant, prepaid(1), right, 1_000);
    let (mut downs, mut end) = (Vec::new(), End::default());
    for told in [Told::Customer(Box::new(known)), Told::Grant { transfers: vec![grant] }] {
        let entry = end.entry(0, 0, told.to_body());
        end.advance(&entry);
        downs.push(entry);
    }
    store.on_reply(Reply::Downs { epoch: 0, ups: Vec::new(), downs }, NOW);
    assert_eq!(store.right(prepaid(1), NOW.moment.day), 1_000);
    store
}

fn asked() -> Authorise {
    let operation = Uuid::from_u128(operation(5).0);
    Authorise {
        operation,
        receipt: ReceiptId(operation),
        number: "7001".to_owned(),
        pin: None,
        wallet: Wallet::Prepaid,
        asset: MONEY,
        amount: Money::from_minor(400),
        up_to: false,
        operator: OperatorNumber("1".to_owned()),
        business_day: NaiveDate::from_ymd_opt(2024, 10, 4).expect("a day"),
        timeout_s: 0,
    }
}

fn answer(store: &mut Subordinate, asked: &Authorise) -> String {
    match store.authorise(asked, false, NOW) {
        Authorisation::Approved(approval) => format!("approved {}", approval.amount),
        Authorisation::Declined(declined) => format!("{:?}: {}", declined.code, declined.code),
    }
}

fn declined(change: impl FnOnce(&mut Authorise), expected: Expect) {
    let mut store = store();
    let mut asked = asked();
    change(&mut asked);
    expected.assert_eq(&answer(&mut store, &asked));
    assert_eq!(store.right(prepaid(1), NOW.moment.day), 1_000, "nothing is held");
}

#[test]
fn what_a_till_must_not_ask_is_declined() {
    declined(|asked| asked.number = "9999".to_owned(), expect!["UnknownCard: the card is not known"]);
    declined(|asked| asked.number = "7002".to_owned(), expect!["CardBlocked: the card is blocked"]);
    declined(|asked| asked.asset = 978, expect!["NoSuchWallet: the account has no such money or points"]);
    declined(|asked| asked.wallet = Wallet::Gift, expect!["NoSuchWallet: the account has no such money or points"]);
    declined(|asked| asked.amount = Money::ZERO, expect!["AmountNotPositive: the amount must be above zero"]);
    declined(
        |asked| asked.amount = Money::from_minor(-400),
        expect!["AmountNotPositive: the amount must be above zero"],
    );
    declined(
        |asked| asked.amount = Money::from_minor(i64::MAX),
        expect!["NotEnoughHere: there is not enough that this store may take while the head office does not answer"],
    );
    declined(
        |asked| asked.amount = Money::from_minor(i64::MIN),
        expect!["AmountNotPositive: the amount must be above zero"],
    );
    declined(
        |asked| asked.operation = Uuid::nil(),
        expect!["OperationDiffers: this operation was asked before with another amount or account"],
    );
}

#[test]
fn an_operation_that_comes_again_is_the_same_or_refused() {
    let mut store = store();
    let told: Vec<String> = [400, 400, 500]
        .map(|minor| Authorise { amount: Money::from_minor(minor), ..asked() })
        .iter()
        .map(|asked| answer(&mut store, asked))
        .collect();
    expect![[r#"
        approved 4.00
        approved 4.00
        OperationDiffers: this operation was asked before with another amount or account"#]]
    .assert_eq(&told.join("\n"));
    assert_eq!(store.right(prepaid(1), NOW.moment.day), 600, "held once");
    let mut other = asked();
    (other.operation, other.amount) = (Uuid::from_u128(operation(6).0), Money::from_minor(2_000));
    let told = [answer(&mut store, &other), answer(&mut store, &Authorise { amount: Money::from_minor(1), ..other })];
    expect![[r#"
        NotEnoughHere: there is not enough that this store may take while the head office does not answer
        OperationRefused: this operation was refused before"#]]
    .assert_eq(&told.join("\n"));
}
