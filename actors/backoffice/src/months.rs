//! Sees to it that tables in months have the months to come, on PostgreSQL.

use std::time::Duration;

use migrations::database::Database;
use migrations::months;
use runtime::actor::{Actor, Scope};
use runtime::node::Tree;
use runtime::spec::{ChildSpec, StartError, Strategy};
use sea_orm::DbBackend;
use serde::Serialize;
use tokio::sync::watch;

/// Months are made two ahead: a look that fails, or a process that is down, has weeks.
const LOOK_EVERY: Duration = Duration::from_secs(6 * 3_600);

/// Add the keeper to a node's tree, if its database is one that has months.
pub fn tend(tree: &mut Tree, database: &Database) {
    if database.writer.get_database_backend() != DbBackend::Postgres {
        return;
    }
    tree.group("database", Strategy::OneForOne);
    let database = database.clone();
    tree.child(ChildSpec::new("database/months", "month_keeper", move || {
        std::future::ready(Ok(MonthKeeper::new(database.clone())))
    }));
}

/// The supervised actor.
pub struct MonthKeeper {
    database: Database,
    state: watch::Sender<MonthsState>,
}

/// What an operator sees of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MonthsState {
    /// Parts of tables made since the start.
    pub made: u32,
    pub last_error: Option<String>,
}

impl MonthKeeper {
    pub fn new(database: Database) -> MonthKeeper {
        MonthKeeper { database, state: watch::Sender::default() }
    }
}

impl Actor for MonthKeeper {
    type State = MonthsState;

    async fn started(&mut self, scope: &Scope<MonthKeeper>) -> Result<(), StartError> {
        let (database, state) = (self.database.clone(), self.state.clone());
        scope.spawn(async move {
            loop {
                let looked = months::keep(&database.writer).await;
                if let Err(error) = &looked {
                    tracing::warn!(%error, "the months to come could not be made");
                }
                state.send_modify(|state| match looked {
                    Ok(made) => (state.made, state.last_error) = (state.made + made, None),
                    Err(error) => state.last_error = Some(error.to_string()),
                });
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Ok(())
    }

    fn observe(&self) -> MonthsState {
        self.state.borrow().clone()
    }
}
