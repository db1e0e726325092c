//! Customer accounts of a chain: opened at its root, looked at, and waited for.

use std::collections::BTreeMap;

use domain::ids::StoreId;
use domain::ledger::transfer::LotTerms;
use domain::ledger::{AccountId, AccountKind};
use domain::money::Money;
use messages::v1::accounts::Wallet;
use processing::machine::customer::{Card, CardState, Customer, Held, kind_of};
use processing::machine::derived;
use processing::machine::root::{Asked, AskedFor, Root};
use processing::machine::subordinate::Subordinate;
use processing::machine::subordinate::limits::pin_of;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::Chain;

/// The programme of points that scripts speak of.
pub const POINTS: u32 = 1;
/// The currency of money wallets, by its ISO number.
pub const MONEY: u32 = 643;

/// A customer as a script opens it.
#[derive(Clone, Debug, Default)]
pub struct NewCustomer {
    pub card: String,
    pub name: String,
    pub pin: Option<String>,
    pub points: Option<Money>,
    pub gift: Option<Money>,
    pub prepaid: Option<Money>,
    /// How much may be owed.
    pub credit: Option<Money>,
}

impl Chain {
    /// Open a customer at the root. The error is what is wrong with the question.
    pub async fn open_customer(&self, new: NewCustomer) -> anyhow::Result<Result<(), String>> {
        let opened = self.hq()?.accounts().ask(Vec::new(), move |root, now| open(root, &new, now)).await?;
        Ok(opened)
    }

    /// A customer's wallets at the root: one row each.
    pub async fn customer_accounts(&self, card: &str) -> anyhow::Result<Result<Value, String>> {
        let card = card.to_owned();
        let work = move |root: &mut Root, _| {
            let customer = root.whose(&card).ok_or_else(|| format!("the card {card} is not known"))?.clone();
            let rows = customer.wallets.iter().map(|held| {
                let account = customer.account(held.wallet, held.asset);
                let pending = AccountId::wallet(AccountKind::BonusPending, held.asset, customer.owner);
                let is_points = held.wallet == Wallet::Points;
                json!({
                    "wallet": held.wallet,
                    "balance": Money::from_minor(root.total(account)),
                    "pending": Money::from_minor(if is_points { root.total(pending) } else { 0 }),
                    "stores": Money::from_minor(root.holders(account).map(|(_, right)| right).sum()),
                })
            });
            Ok(Value::Array(rows.collect()))
        };
        Ok(self.hq()?.accounts().ask(Vec::new(), work).await?)
    }

    /// Block a card at the root: what each store may still spend of it until it hears of that.
    pub async fn block_card(&self, card: &str) -> anyhow::Result<Result<Vec<(StoreId, Money)>, String>> {
        let card = card.to_owned();
        let work = move |root: &mut Root, _| {
            let owner = root.whose(&card).ok_or_else(|| format!("the card {card} is not known"))?.owner;
            root.set_card(&card, CardState::Blocked).map_err(|error| error.to_string())?;
            let names: BTreeMap<_, _> = root.stores().map(|(name, node)| (node, name.to_owned())).collect();
            let exposed = root.exposure(owner).into_iter();
            let named = |(node, _, right)| Some((StoreId::new(names.get(&node)?).ok()?, Money::from_minor(right)));
            Ok(exposed.filter_map(named).collect())
        };
        Ok(self.hq()?.accounts().ask(Vec::new(), work).await?)
    }

    /// What time brings to accounts at the root. True: there is more of it.
    pub(super) async fn accounts_turn(&self) -> anyhow::Result<bool> {
        match self.hq() {
            Ok(hq) => Ok(hq.accounts().ask(Vec::new(), Root::tick).await.unwrap_or(false)),
            Err(_) => Ok(false),
        }
    }

    /// Let a store's centre take in all receipts of its tills once more, as a store that lost its place does.
    pub async fn feed_again(&self, store: &StoreId) -> anyhow::Result<()> {
        let tills: Vec<u32> = self.place(store)?.tills.keys().map(|till| till.0).collect();
        let work = move |store: &mut Subordinate, _| tills.iter().for_each(|till| store.set_fed(*till, 0));
        Ok(self.store(store)?.accounts.ask(Vec::new(), work).await?)
    }

    /// Has a store's centre taken in all receipts that the store has, and, while its line is up, the root all of that?
    pub(super) async fn accounts_agree(&self, store: &StoreId, line_up: bool) -> anyhow::Result<bool> {
        let node = self.store(store)?;
        let Ok(standing) = node.accounts.ask(Vec::new(), |store, _| store.standing()).await else { return Ok(false) };
        if line_up && (!standing.agreed || standing.unsent > 0 || standing.waiting > 0) {
            return Ok(false);
        }
        if standing.node == 0 {
            // The root has never been heard: nothing can have been done here.
            return Ok(!line_up);
        }
        let reader = &node.database.reader;
        let last = "SELECT till, MAX(sequence) AS last FROM receipt WHERE store = $1 GROUP BY till";
        let values = [store.as_str().into()];
        let rows = reader.query_all_raw(Statement::from_sql_and_values(reader.get_database_backend(), last, values));
        for row in rows.await? {
            let (till, last): (i64, i64) = (row.try_get("", "till")?, row.try_get("", "last")?);
            let till = u32::try_from(till)?;
            if node.accounts.ask(Vec::new(), move |store, _| store.fed(till)).await? < last {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn open(root: &mut Root, new: &NewCustomer, now: processing::machine::Now) -> Result<(), String> {
    let wallets = [
        (Wallet::Points, POINTS, new.points),
        (Wallet::Gift, MONEY, new.gift),
        (Wallet::Prepaid, MONEY, new.prepaid),
        (Wallet::Credit, MONEY, new.credit),
    ];
    let wallets = wallets.into_iter().filter_map(|(wallet, asset, opening)| Some((wallet, asset, opening?)));
    let wallets: Vec<(Wallet, u32, Money)> = wallets.collect();
    let limit = |wallet: Wallet, sum: Money| if wallet == Wallet::Credit { sum.minor() } else { 0 };
    let held =
        wallets.iter().map(|(wallet, asset, sum)| Held { wallet: *wallet, asset: *asset, limit: limit(*wallet, *sum) });
    let pin = new.pin.as_ref().map(|pin| pin_of(&new.card, pin));
    let card = Card { number: new.card.clone(), state: CardState::Active, day_max: None, pin };
    let customer =
        Customer { name: new.name.clone(), cards: vec![card], wallets: held.collect(), ..Customer::default() };
    let owner = root.open_customer(customer).map_err(|error| error.to_string())?;
    for (wallet, asset, sum) in wallets {
        if wallet == Wallet::Credit || !sum.is_positive() {
            continue;
        }
        let account = AccountId::wallet(kind_of(wallet), asset, owner);
        let what = match wallet {
            Wallet::Points => AskedFor::Give { account, amount: sum.minor(), campaign: 0, lot: Some(LotTerms::NONE) },
            _ => AskedFor::TopUp { account, amount: sum.minor(), tender: 1, lot: Some(LotTerms::NONE) },
        };
        let operation = derived(now, &[b"opening", &account.0.to_le_bytes()]);
        let by = domain::ids::OperatorNumber("script".to_owned());
        root.ask(&Asked { operation, by, reference: 0, what }, now).map_err(|error| error.to_string())?;
    }
    Ok(())
}
