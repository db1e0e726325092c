//! Looking at a chain: views, receipts, reports, chain heads, and waiting until everything that is connected agrees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use backoffice::reports::{self, Arguments};
use domain::ids::{StoreId, TillId};
use link::uplink::{Status, UplinkStatus};
use messages::v1::catalogue::DATASETS;
use messages::v1::receipt::Receipt;
use messages::v1::view::TillView;
use serde_json::Value;
use till::{ShowTill, records};

use super::Chain;

/// How often a state is looked at while it is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Sequence and chain hash of a till's documents, as one node knows them.
pub type Head = Option<(u64, [u8; 16])>;

impl Chain {
    pub async fn view(&self, store: &StoreId, till: TillId) -> anyhow::Result<Arc<TillView>> {
        Ok(self.till(store, till)?.show.ask(ShowTill).await?)
    }

    /// The number of the till's open receipt, or of its next one.
    pub async fn next_sequence(&self, store: &StoreId, till: TillId) -> anyhow::Result<u64> {
        Ok(self.view(store, till).await?.sequence)
    }

    /// The till's last receipt, if it is the one numbered `sequence` and was not cancelled.
    pub async fn closed_receipt(
        &self,
        store: &StoreId,
        till: TillId,
        sequence: u64,
    ) -> anyhow::Result<Option<Receipt>> {
        let last = records::last_receipt(&self.till(store, till)?.database).await?;
        let ours = last.filter(|ended| ended.receipt.sequence == sequence && ended.is_closed());
        Ok(ours.map(|ended| ended.receipt))
    }

    /// Wait until every document has been applied wherever its links are up, and every till there has the newest datasets.
    /// What the day brings to accounts is done, too.
    pub async fn settle(&self, deadline: Duration) -> anyhow::Result<()> {
        let settled = async {
            while self.accounts_turn().await? {}
            loop {
                if self.is_settled().await? {
                    return Ok(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(deadline, settled).await.context("what is connected did not come to agree in time")?
    }

    async fn is_settled(&self) -> anyhow::Result<bool> {
        for (store, place) in &self.stores {
            for till in place.tills.keys() {
                if !place.till_lines_down.contains(till) && !self.till_agrees(store, *till, place.line_up).await? {
                    return Ok(false);
                }
            }
            if place.line_up && !agrees(&self.store_status(store).await?, &self.hq_versions().await?) {
                return Ok(false);
            }
            if !self.accounts_agree(store, place.line_up).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn till_agrees(&self, store: &StoreId, till: TillId, store_up: bool) -> anyhow::Result<bool> {
        let versions = if store_up { self.hq_versions().await? } else { BTreeMap::new() };
        Ok(agrees(&self.till_status(store, till).await?, &versions))
    }

    /// Wait until a till has the datasets as the head office has them, if its lines are up.
    pub async fn settle_catalogue(&self, store: &StoreId, till: TillId, deadline: Duration) -> anyhow::Result<()> {
        let place = self.place(store)?;
        if !place.line_up || place.till_lines_down.contains(&till) {
            return Ok(());
        }
        let has_it = async {
            let wanted = self.hq_versions().await?;
            loop {
                let has = self.till_status(store, till).await?.datasets;
                if wanted.iter().all(|(dataset, version)| has.get(dataset).is_some_and(|has| has >= version)) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(deadline, has_it).await.context("the catalogue did not reach the till in time")?
    }

    pub async fn till_status(&self, store: &StoreId, till: TillId) -> anyhow::Result<UplinkStatus> {
        Ok(self.till(store, till)?.link.ask(Status).await?)
    }

    pub async fn store_status(&self, store: &StoreId) -> anyhow::Result<UplinkStatus> {
        Ok(self.store(store)?.link.ask(Status).await?)
    }

    /// Versions of the head office's datasets; empty if it is not in this process.
    async fn hq_versions(&self) -> anyhow::Result<BTreeMap<&'static str, u64>> {
        let mut versions = BTreeMap::new();
        if let Some(database) = self.hq_database() {
            for dataset in DATASETS {
                versions.insert(dataset, link::datasets::version(&database.reader, dataset).await?);
            }
        }
        Ok(versions)
    }

    /// Run a report. The inner error is what is wrong with the question.
    pub async fn report(
        &self,
        name: &str,
        args: &BTreeMap<String, Value>,
        store: Option<&StoreId>,
        till: Option<TillId>,
    ) -> anyhow::Result<Result<Value, String>> {
        if name == "shift" {
            let (Some(store), Some(till)) = (store, till) else {
                return Ok(Err("the report \"shift\" is of a till: name its store and till".to_owned()));
            };
            let totals = records::shift(&self.till(store, till)?.database).await?;
            let rows: Vec<Value> = totals.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
            return Ok(Ok(Value::Array(rows)));
        }
        if name == "account" {
            let Some(card) = args.get("card").and_then(Value::as_str) else {
                return Ok(Err("the report \"account\" is of a card: name it".to_owned()));
            };
            return self.customer_accounts(card).await;
        }
        let report = match reports::find(name) {
            Ok(report) => report,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let database = if name == reports::sales::STORE_SALES.name {
            let Some(store) = store else { return Ok(Err(format!("the report \"{name}\" is of a store: name it"))) };
            self.store(store)?.database.clone()
        } else {
            match self.hq_database() {
                Some(database) => database,
                None => return Ok(Err("the head office is elsewhere: ask it there".to_owned())),
            }
        };
        let arguments = match arguments(args) {
            Ok(arguments) => arguments,
            Err(text) => return Ok(Err(text)),
        };
        match report.run(&database.reader, &arguments).await {
            Ok(table) => Ok(Ok(reports::render::json(&table))),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// The end of a till's chain of documents as the till, its store and the head office here know it.
    pub async fn heads(&self, store: &StoreId, till: TillId) -> anyhow::Result<[Head; 3]> {
        let hq = self.hq_database().context("the head office is elsewhere")?;
        Ok([
            link::outbox::chain_head(&self.till(store, till)?.database.reader, store, till).await?,
            link::apply::origin_head(&self.store(store)?.database.reader, store, till).await?,
            link::apply::origin_head(&hq.reader, store, till).await?,
        ])
    }
}

fn agrees(line: &UplinkStatus, wanted: &BTreeMap<&'static str, u64>) -> bool {
    line.lag == 0
        && wanted.iter().all(|(dataset, version)| line.datasets.get(dataset).is_some_and(|has| has >= version))
}

fn arguments(args: &BTreeMap<String, Value>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    for (name, value) in args {
        let text = value.as_str().ok_or_else(|| format!("\"{name}\" of a report is text"))?;
        let day = || text.parse().map_err(|_| format!("\"{name}\": \"{text}\" is not a day like 2026-01-31"));
        match name.as_str() {
            "by" => arguments.by = Some(text.to_owned()),
            "from" => arguments.from = Some(day()?),
            "to" => arguments.to = Some(day()?),
            "store" => arguments.store = Some(text.to_owned()),
            // The report itself knows what else it takes.
            _ => {
                arguments.more.insert(name.clone(), text.to_owned());
            }
        }
    }
    Ok(arguments)
}
