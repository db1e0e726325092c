//! The head office of a chain: started, killed, and asked to publish.

use dataserver::requests::{
    NewOperator, PublishError, Published, PutBarcodeRules, PutItems, PutOperators, PutTillSettings, RemoveItems,
    SettingsKey,
};
use domain::ids::{ItemCode, OperatorNumber, StoreId};
use hq_node::node::HqNode;
use hq_node::settings::Settings;
use messages::v1::catalogue::{BarcodeRule, Item, Role};
use migrations::database::Database;
use runtime::reference::SendError;

use super::{Chain, HQ};
use crate::node_thread::NodeThread;

/// How people call the head office of a chain in one process.
const NAME: &str = "Head office";

impl Chain {
    pub(super) async fn start_hq(&mut self) -> anyhow::Result<()> {
        let mut settings = Settings::in_process(&self.options.data);
        settings.name = NAME.to_owned();
        settings.database = self.options.databases.get(HQ).cloned();
        settings.listen = self.options.hq_listen.clone();
        settings.ops_token = self.options.ops_token.clone();
        settings.admin_password = self.options.admin_password.clone();
        let clock = self.options.clock.clone();
        let thread = NodeThread::start("hq", move |_| HqNode::start_at(settings, clock)).await?;
        self.hub.up(HQ, thread.handle().acceptor().clone());
        self.hq = Some(thread);
        Ok(())
    }

    pub(super) async fn stop_hq(&mut self) {
        if let Some(thread) = self.hq.take() {
            thread.handle().clone().shutdown().await;
            thread.kill().await;
        }
    }

    /// Kill the head office without warning and start it again on its files.
    pub async fn crash_hq(&mut self) -> anyhow::Result<()> {
        self.hub.down(HQ);
        if let Some(thread) = self.hq.take() {
            // Its HTTP server has threads of its own, which must let the port go.
            thread.handle().clone().kill().await;
            thread.kill().await;
            self.start_hq().await?;
        }
        Ok(())
    }

    pub fn hq(&self) -> anyhow::Result<&HqNode> {
        let thread = self.hq.as_ref();
        thread.map(NodeThread::handle).ok_or_else(|| anyhow::anyhow!("the head office is elsewhere"))
    }

    pub(super) fn hq_database(&self) -> Option<Database> {
        self.hq.as_ref().map(|thread| thread.handle().database().clone())
    }

    /// Let a store link to the head office, if that is in this process.
    pub(super) async fn admit(&self, store: &StoreId) -> anyhow::Result<()> {
        match &self.hq {
            Some(thread) => thread.handle().admit_store(store, &self.options.token).await,
            None => Ok(()),
        }
    }

    pub async fn put_items(&self, items: Vec<Item>) -> Result<(), String> {
        said(self.hq_here()?.put_items().ask(PutItems { items }).await)
    }

    pub async fn remove_item(&self, code: ItemCode) -> Result<(), String> {
        said(self.hq_here()?.remove_items().ask(RemoveItems { codes: vec![code] }).await)
    }

    pub async fn put_barcode_rule(&self, rule: BarcodeRule) -> Result<(), String> {
        said(self.hq_here()?.put_barcode_rules().ask(PutBarcodeRules { rules: vec![rule] }).await)
    }

    pub async fn put_operator(
        &self,
        number: OperatorNumber,
        name: String,
        pin: String,
        role: Role,
        card: Option<String>,
    ) -> Result<(), String> {
        let operators = vec![NewOperator { number, name, pin: Some(pin), role, card }];
        said(self.hq_here()?.put_operators().ask(PutOperators { operators }).await)
    }

    /// A section of the tills' settings, for the chain or for one store.
    pub async fn put_till_settings(&self, section: String, store: Option<StoreId>, json: String) -> Result<(), String> {
        said(
            self.hq_here()?
                .put_till_settings()
                .ask(PutTillSettings { key: SettingsKey { section, store }, json })
                .await,
        )
    }

    fn hq_here(&self) -> Result<&HqNode, String> {
        self.hq().map_err(|error| error.to_string())
    }
}

fn said(answer: Result<Result<Published, PublishError>, SendError>) -> Result<(), String> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(refused)) => Err(refused.to_string()),
        Err(error) => Err(format!("the head office: {error}")),
    }
}
