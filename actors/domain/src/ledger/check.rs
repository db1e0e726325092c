//! The books against the invariants, and their hash.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Ledger;
use super::account::{Account, BLOCKED, CLOSED, OVER_LIMIT};
use super::id::{AccountId, TransferId};
use super::lots::Lots;
use super::transfer::{Day, Slice};

/// What holds ask of one account.
#[derive(Default)]
struct Held {
    debits: i128,
    credits: i128,
    pinned: BTreeMap<(Day, TransferId, Day, u32), i128>,
}

impl Ledger {
    /// I1, I2, I9 and I10 over everything. Names the first account that is wrong.
    pub fn check(&self) -> Result<(), String> {
        let mut held: BTreeMap<AccountId, Held> = BTreeMap::new();
        for (_, hold) in self.holds.iter() {
            held.entry(hold.credit).or_default().credits += i128::from(hold.amount);
            let debit = held.entry(hold.debit).or_default();
            debit.debits += i128::from(hold.amount);
            for Slice { expires_on, origin, activates_on, campaign, amount } in &hold.slices {
                *debit.pinned.entry((*expires_on, *origin, *activates_on, *campaign)).or_default() +=
                    i128::from(*amount);
            }
        }
        let mut assets: BTreeMap<u32, (i128, i128)> = BTreeMap::new();
        for (_, account) in self.accounts() {
            let of = held.remove(&account.id).unwrap_or_default();
            self.check_account(account, &of)?;
            let (posted, pending) = assets.entry(account.id.asset()).or_default();
            *posted += i128::from(account.credits_posted) - i128::from(account.debits_posted);
            *pending += i128::from(account.credits_pending) - i128::from(account.debits_pending);
        }
        if let Some(id) = held.keys().next() {
            return Err(format!("I10: account {id} has a hold and is not open"));
        }
        match assets.iter().find(|(_, sums)| **sums != (0, 0)) {
            Some((asset, (posted, pending))) => Err(format!(
                "I1: asset {asset} has credits that exceed its debits by {posted} posted and {pending} pending"
            )),
            None => Ok(()),
        }
    }

    fn check_account(&self, account: &Account, held: &Held) -> Result<(), String> {
        let Account { id, debits_pending, debits_posted, credits_pending, credits_posted, .. } = *account;
        if [debits_pending, debits_posted, credits_pending, credits_posted].iter().any(|sum| *sum < 0) {
            return Err(format!("I2: account {id} has a sum below zero"));
        }
        if account.is_guarded() && account.flags & OVER_LIMIT == 0 && account.free() < 0 {
            return Err(format!("I2: account {id} is {} below its limit", -account.free()));
        }
        if (held.debits, held.credits) != (debits_pending.into(), credits_pending.into()) {
            return Err(format!("I10: account {id} has pending sums that are not those of its holds"));
        }
        match self.lots.get(account.slot as usize) {
            Some(lots) => check_lots(account, lots, held),
            None => Ok(()),
        }
    }

    /// The same books have the same hash, in whatever order accounts were opened and whatever ids were forgotten. When
    /// holds time out is not in it: that is the node's own.
    pub fn hash(&self) -> [u8; 32] {
        let mut accounts: Vec<&Account> = self.accounts().map(|(_, account)| account).collect();
        accounts.sort_unstable_by_key(|account| account.id);
        let mut hash = Sha256::new();
        for account in accounts {
            hash.update(account.id.0.to_le_bytes());
            for sum in [
                account.debits_pending,
                account.debits_posted,
                account.credits_pending,
                account.credits_posted,
                account.limit,
            ] {
                hash.update(sum.to_le_bytes());
            }
            hash.update((account.flags & (CLOSED | BLOCKED)).to_le_bytes());
            let lots = self.lots.get(account.slot as usize);
            hash.update((lots.map_or(0, Lots::len) as u64).to_le_bytes());
            for lot in lots.into_iter().flat_map(Lots::iter) {
                hash_slice(&mut hash, &lot.slice);
                hash.update(lot.held.to_le_bytes());
            }
        }
        for (id, hold) in self.holds.iter() {
            hash.update(id.0.to_le_bytes());
            hash.update(hold.debit.0.to_le_bytes());
            hash.update(hold.credit.0.to_le_bytes());
            hash.update(hold.amount.to_le_bytes());
            hash.update(hold.reference.to_le_bytes());
            hash.update((hold.slices.len() as u64).to_le_bytes());
            for slice in &hold.slices {
                hash_slice(&mut hash, slice);
            }
        }
        hash.finalize().into()
    }
}

fn check_lots(account: &Account, lots: &Lots, held: &Held) -> Result<(), String> {
    let id = account.id;
    let sum = lots.iter().map(|lot| i128::from(lot.slice.amount)).sum::<i128>();
    if sum != i128::from(account.balance()) {
        return Err(format!("I9: account {id} has lots of {sum} and a balance of {}", account.balance()));
    }
    let mut pinned = held.pinned.clone();
    for lot in lots.iter() {
        let Slice { expires_on, origin, activates_on, campaign, amount } = lot.slice;
        let by_holds = pinned.remove(&(expires_on, origin, activates_on, campaign)).unwrap_or(0);
        if amount <= 0 || lot.free() < 0 || i128::from(lot.held) != by_holds {
            return Err(format!("I9: account {id} has a lot of {amount} with {} held, its holds {by_holds}", lot.held));
        }
    }
    let sorted = lots.iter().map(|lot| lot.slice).is_sorted();
    if !sorted || !pinned.is_empty() {
        return Err(format!("I9: account {id} has lots out of order, or holds of lots that are not there"));
    }
    Ok(())
}

fn hash_slice(hash: &mut Sha256, slice: &Slice) {
    hash.update(slice.origin.0.to_le_bytes());
    hash.update(slice.amount.to_le_bytes());
    hash.update(slice.expires_on.to_le_bytes());
    hash.update(slice.activates_on.to_le_bytes());
    hash.update(slice.campaign.to_le_bytes());
}
