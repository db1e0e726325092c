//! Supervision in the real trees: every actor of every node of a running chain is made to panic, twice, and comes back.

use std::time::Duration;

use domain::ids::{StoreId, TillId};
use runtime::node::{Counted, Node};
use runtime::stats::Status;
use runtime::supervisor::Order;

use crate::sandbox::{FIXTURE, eventually, in_system, run};

/// Two panics of one actor back off for three tenths of a second; a busy machine may take much longer.
const BACK_WITHIN: Duration = Duration::from_secs(20);

#[test]
fn fault_f05_every_actor_of_every_tree_survives_panics() {
    in_system(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let (summary, _, runner) = run(data.path(), FIXTURE).await;
        assert!(summary.all_met());
        let chain = runner.into_chain();
        let (store, till) = (StoreId::new("S1").expect("a code"), TillId(1));
        let nodes = [
            chain.hq().expect("hq runs").node().clone(),
            chain.store(&store).expect("the store runs").node.clone(),
            chain.till(&store, till).expect("the till runs").node.clone(),
        ];
        for node in &nodes {
            for child in node.counted() {
                for order in [Order::PanicInHandler, Order::PanicInTask] {
                    survives(node, child, order).await;
                }
            }
            assert_eq!((node.unready(), node.is_degraded()), (Vec::new(), false), "{}", node.name());
        }
        let view = chain.view(&store, till).await.expect("the till still shows itself");
        assert!(view.shift.is_some(), "the open shift was read back from the journal");
        chain.stop().await;
    });
}

async fn survives(node: &Node, child: &Counted, order: Order) {
    let stats = &child.stats;
    let (generation, panics) = (stats.generation(), stats.panics());
    node.order(&child.path, order).await.expect("it is in the tree");
    let what = format!("{} back after {order:?}", child.path);
    let back = || stats.generation() > generation && stats.status() == Status::Running && node.is_ready();
    eventually(&what, BACK_WITHIN, || std::future::ready(back().then_some(()))).await;
    assert_eq!(stats.panics(), panics + 1, "{}", child.path);
}
