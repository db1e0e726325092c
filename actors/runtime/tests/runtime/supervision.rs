//! Panics, restarts, groups, orders and shutdown.

use std::time::Duration;

use runtime::node::{ChildRef, Node, Tree};
use runtime::reference::SendError;
use runtime::spec::{Backoff, Intensity, Overflow, Restart, Strategy};
use runtime::stats::Status;
use runtime::supervisor::Order;

use crate::actors::{
    Add, Broken, Counter, Disk, Every, Fail, FailInTask, HangForEver, HangWithBomb, StopYourself, Work, counter,
    eventually, on_one_thread, view,
};

async fn one(disk: &Disk) -> (Node, ChildRef<Counter>) {
    let mut tree = Tree::new("test");
    tree.group("all", Strategy::OneForOne);
    let child = tree.child(counter("counter", disk));
    (tree.start().await, child)
}

async fn is(node: &Node, path: &str, status: Status) -> bool {
    view(node, path).await.status == status
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_handler_builds_a_new_object_and_keeps_reference_and_queue() {
    on_one_thread(async {
        let disk = Disk::default();
        let (node, child) = one(&disk).await;
        let add = child.reference::<Add>();
        let fail = child.reference::<Fail>();
        assert_eq!(add.ask(Add(5)).await, Ok(5));
        let failed = tokio::task::spawn_local(async move { fail.ask(Fail).await });
        tokio::task::yield_now().await;
        add.tell(Add(1)).expect("there is room");
        add.tell(Add(1)).expect("there is room");
        assert_eq!(failed.await.expect("not cancelled"), Err(SendError::Interrupted));
        assert_eq!(add.ask(Add(0)).await, Err(SendError::Restarting), "an ask is answered at once");
        add.tell(Add(1)).expect("a tell waits in the mailbox while the child restarts");
        eventually("running again", async || is(&node, "counter", Status::Running).await).await;
        assert_eq!(add.ask(Add(0)).await, Ok(8), "what was in memory only is gone, what was queued is done");
        let seen = view(&node, "counter").await;
        assert_eq!((seen.generation, seen.restarts, seen.panics, disk.built.get()), (2, 1, 1, 2));
        assert!(seen.last_panic.is_some_and(|text| text.starts_with("the drawer is stuck at ")));
        assert_eq!(seen.state, Some(serde_json::json!({ "total": 8 })));
        assert_eq!(disk.stopped_in_order.get(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_task_restarts_its_actor() {
    on_one_thread(async {
        let disk = Disk::default();
        let (node, child) = one(&disk).await;
        child.reference::<FailInTask>().ask(FailInTask).await.expect("the handler itself is well");
        eventually("a second generation", async || {
            let seen = view(&node, "counter").await;
            seen.generation == 2 && seen.status == Status::Running
        })
        .await;
        assert_eq!(child.reference::<Add>().ask(Add(2)).await, Ok(2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ordered_panics_are_survived_like_others() {
    on_one_thread(async {
        let (node, child) = one(&Disk::default()).await;
        for (order, generation) in [(Order::PanicInHandler, 2), (Order::PanicInTask, 3)] {
            node.order("counter", order).await.expect("it exists");
            eventually("restarted", async || {
                let seen = view(&node, "counter").await;
                seen.generation == generation && seen.status == Status::Running
            })
            .await;
        }
        assert_eq!(child.reference::<Add>().ask(Add(2)).await, Ok(2));
        assert!(node.order("nobody", Order::Stop).await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn fault_f06_a_child_that_never_starts_fails_its_group_and_no_other() {
    for broken in [Broken::FactoryFails, Broken::StartedPanics] {
        on_one_thread(async {
            let (well, ill) = (Disk::default(), Disk::default());
            ill.broken.set(Some(broken));
            let mut tree = Tree::new("test");
            tree.group("ill", Strategy::OneForOne);
            tree.child(counter("ill/1", &ill));
            let neighbour = tree.child(counter("ill/2", &Disk::default()));
            tree.group("well", Strategy::OneForOne);
            let child = tree.child(counter("well/1", &well));
            let node = tree.start().await;
            assert_eq!(child.reference::<Add>().ask(Add(1)).await, Ok(1), "the node starts without it");
            tokio::time::sleep(Duration::from_secs(180)).await;
            assert!(is(&node, "ill/1", Status::Failed).await);
            assert!(is(&node, "ill/2", Status::Failed).await);
            assert!(node.is_degraded() && !node.is_ready());
            assert!(node.unready().contains(&"actor ill/1 is failed".to_owned()));
            assert_eq!(neighbour.reference::<Add>().ask(Add(1)).await, Err(SendError::Stopped));
            assert_eq!(view(&node, "well/1").await.generation, 1);
            assert_eq!(child.reference::<Add>().ask(Add(1)).await, Ok(2));

            let built = ill.built.get();
            tokio::time::sleep(Duration::from_secs(300)).await;
            assert!(ill.built.get() > built, "after a while it is tried again by itself");
            ill.broken.set(None);
            node.order("ill/1", Order::Start).await.expect("it exists");
            node.order("ill/2", Order::Start).await.expect("it exists");
            eventually("well again", async || node.is_ready()).await;
            assert!(!node.is_degraded());
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_factory_that_hangs_does_not_hold_up_the_node() {
    on_one_thread(async {
        let ill = Disk::default();
        ill.broken.set(Some(Broken::FactoryHangs));
        let (mut tree, well) = (Tree::new("test"), Disk::default());
        tree.group("all", Strategy::OneForOne);
        let hanging = tree.child(counter("ill", &ill));
        let child = tree.child(counter("well", &well));
        let early = child.reference::<Add>();
        let node = tree.start().await;
        assert_eq!(early.ask(Add(1)).await, Ok(1));
        hanging.reference::<Add>().tell(Add(7)).expect("it waits in the mailbox");
        ill.broken.set(None);
        eventually("started after all", async || node.is_ready()).await;
        assert_eq!(hanging.reference::<Add>().ask(Add(0)).await, Ok(7));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn strategies_restart_who_they_say_and_in_order() {
    for (strategy, generations) in
        [(Strategy::OneForOne, [1, 2, 1]), (Strategy::RestForOne, [1, 2, 2]), (Strategy::OneForAll, [2, 2, 2])]
    {
        on_one_thread(async {
            let disks = [Disk::default(), Disk::default(), Disk::default()];
            let mut tree = Tree::new("test");
            tree.group("all", strategy);
            let children: Vec<_> = (0..3).map(|n| tree.child(counter(&format!("c/{n}"), &disks[n]))).collect();
            let node = tree.start().await;
            for child in &children {
                child.reference::<Add>().ask(Add(3)).await.expect("it runs");
            }
            children[1].reference::<Fail>().ask(Fail).await.expect_err("it fails");
            eventually("all well", async || view(&node, "c/1").await.generation == 2 && node.is_ready()).await;
            for n in 0..3 {
                assert_eq!(view(&node, &format!("c/{n}")).await.generation, generations[n], "{strategy:?}, child {n}");
                assert_eq!(disks[n].stopped_in_order.get(), if n == 1 { 0 } else { generations[n] - 1 });
                assert_eq!(children[n].reference::<Add>().ask(Add(0)).await, Ok(3));
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_refuses_and_the_message_is_a_dead_letter() {
    on_one_thread(async {
        let mut tree = Tree::new("test");
        tree.group("all", Strategy::OneForOne);
        let child = tree.child(counter("counter", &Disk::default()).mailbox(2, Overflow::Refuse));
        let news = tree.child(counter("news", &Disk::default()).mailbox(2, Overflow::DropNewest));
        let node = tree.start().await;
        for child in [&child, &news] {
            child.reference::<Work>().tell(Work(Duration::from_secs(1))).expect("there is room");
            eventually("taken", async || view(&node, "news").await.mailbox_depth == 0).await;
        }
        let add = child.reference::<Add>();
        let tells: Vec<_> = (0..5).map(|_| add.tell(Add(1))).collect();
        assert_eq!(tells.iter().filter(|told| told.is_ok()).count(), 2);
        assert_eq!(tells[4], Err(SendError::Full));
        assert_eq!(add.ask(Add(1)).await, Err(SendError::Full));
        add.nudge(Add(1));
        let newest = node.dead_letters().newest();
        assert_eq!((node.dead_letters().total(), newest.len()), (4, 4));
        assert_eq!((newest[0].to.as_str(), newest[0].reason), ("counter", "mailbox full"));
        let seen = view(&node, "counter").await;
        assert_eq!((seen.refused, seen.mailbox_depth), (5, 2));
        for _ in 0..5 {
            news.reference::<Add>().tell(Add(1)).ok();
        }
        assert_eq!((view(&node, "news").await.refused, node.dead_letters().total()), (3, 4));
        eventually("all done", async || view(&node, "counter").await.handled == 3).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn orders_stop_start_pause_and_resume() {
    on_one_thread(async {
        let disk = Disk::default();
        let (node, child) = one(&disk).await;
        let add = child.reference::<Add>();
        let order = async |order| node.order("counter", order).await.expect("it exists");

        order(Order::Stop).await;
        eventually("stopped", async || disk.stopped_in_order.get() == 1).await;
        assert_eq!(add.ask(Add(1)).await, Err(SendError::Stopped));
        assert_eq!(add.tell(Add(1)), Err(SendError::Stopped));
        assert!(node.is_ready(), "it is stopped because somebody wants it so");
        order(Order::Start).await;
        eventually("started", async || is(&node, "counter", Status::Running).await).await;

        order(Order::Pause).await;
        eventually("paused", async || is(&node, "counter", Status::Paused).await).await;
        add.tell(Add(1)).expect("it waits");
        tokio::time::sleep(Duration::from_secs(1)).await;
        let seen = view(&node, "counter").await;
        assert_eq!((seen.mailbox_depth, seen.state), (1, Some(serde_json::json!({ "total": 0 }))));
        assert!(seen.oldest_age_ms >= 1_000);
        order(Order::Resume).await;
        eventually("resumed", async || view(&node, "counter").await.handled == 1).await;
        assert_eq!(view(&node, "counter").await.generation, 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn orders_that_cross_end_in_the_newest() {
    on_one_thread(async {
        let disk = Disk::default();
        let (node, child) = one(&disk).await;
        let give = async |orders: &[Order]| {
            for order in orders {
                node.order("counter", *order).await.expect("it exists");
            }
        };
        give(&[Order::Pause, Order::Restart]).await;
        eventually("a new object after pause and restart", async || view(&node, "counter").await.generation == 2).await;
        give(&[Order::Stop, Order::Start, Order::Stop, Order::Start, Order::Restart, Order::Resume]).await;
        eventually("running", async || is(&node, "counter", Status::Running).await).await;
        assert_eq!(child.reference::<Add>().ask(Add(1)).await, Ok(1));
        child.reference::<Fail>().ask(Fail).await.expect_err("it fails");
        give(&[Order::Stop]).await;
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert!(is(&node, "counter", Status::Stopped).await, "a planned restart does not undo a stop");
        give(&[Order::Start]).await;
        assert!(disk.built.get() < 8);
        eventually("running", async || is(&node, "counter", Status::Running).await).await;
        let before = view(&node, "counter").await.generation;
        give(&[Order::Pause, Order::Resume, Order::Start]).await;
        assert_eq!(child.reference::<Add>().ask(Add(1)).await, Ok(2));
        assert_eq!(view(&node, "counter").await.generation, before, "a start of what runs changes nothing");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stop_while_starting_ends_stopped() {
    on_one_thread(async {
        let disk = Disk::default();
        let (node, _) = one(&disk).await;
        disk.broken.set(Some(Broken::FactoryHangs));
        node.order("counter", Order::Restart).await.expect("it exists");
        eventually("starting", async || is(&node, "counter", Status::Starting).await).await;
        node.order("counter", Order::Stop).await.expect("it exists");
        eventually("stopped", async || is(&node, "counter", Status::Stopped).await).await;
        disk.broken.set(None);
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert!(is(&node, "counter", Status::Stopped).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn fault_f07_a_stuck_handler_is_told_holds_up_nobody_else_and_can_be_restarted() {
    on_one_thread(async {
        let mut tree = Tree::new("test");
        tree.group("all", Strategy::OneForOne);
        let child = tree.child(counter("counter", &Disk::default()));
        let neighbour = tree.child(counter("neighbour", &Disk::default()));
        let node = tree.start().await;
        let hang = child.reference::<HangForEver>();
        assert_eq!(hang.ask_within(Duration::from_secs(6), HangForEver).await, Err(SendError::Deadline));
        assert!(is(&node, "counter", Status::Busy).await && node.is_ready());
        for second in 1..=30 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(neighbour.reference::<Add>().ask(Add(1)).await, Ok(second), "at once, as always");
        }
        let seen = view(&node, "counter").await;
        assert_eq!((seen.status, seen.state), (Status::Stuck, None));
        assert!(seen.busy_ms > 30_000);
        assert_eq!(node.unready(), ["actor counter is stuck"]);
        assert_eq!(child.reference::<Add>().ask(Add(1)).await, Err(SendError::Deadline));
        child.reference::<Add>().tell(Add(4)).expect("there is room");
        node.order("counter", Order::Restart).await.expect("it exists");
        eventually("cut off and restarted", async || is(&node, "counter", Status::Running).await).await;
        // What was asked in vain was done too: whoever asks again must look first.
        assert_eq!(child.reference::<Add>().ask(Add(0)).await, Ok(5));
        assert_eq!(view(&node, "neighbour").await.generation, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn shutdown_stops_in_order_finishes_the_queue_and_names_whom_it_cut() {
    on_one_thread(async {
        let (well, stuck) = (Disk::default(), Disk::default());
        let mut tree = Tree::new("test");
        tree.group("all", Strategy::OneForOne);
        let first = tree.child(counter("first", &well));
        let second = tree.child(counter("second", &stuck).shutdown_timeout(Duration::from_secs(2)));
        let node = tree.start().await;
        second.reference::<HangForEver>().tell(HangForEver).expect("there is room");
        for _ in 0..10 {
            first.reference::<Add>().tell(Add(1)).expect("there is room");
        }
        assert_eq!(node.shutdown().await, ["second"]);
        assert_eq!((well.total.get(), well.stopped_in_order.get(), stuck.stopped_in_order.get()), (10, 1, 0));
        assert_eq!(first.reference::<Add>().ask(Add(1)).await, Err(SendError::Stopped));
        assert!(node.look().await.is_none());
        assert!(!node.is_alive(Duration::from_secs(1)).await);
        assert!(node.shutdown().await.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn faults_of_stopping_observing_and_dropping_are_contained() {
    for broken in [Broken::StoppingPanics, Broken::StoppingHangs, Broken::DestructorPanics, Broken::ObservePanics] {
        on_one_thread(async {
            let disk = Disk::default();
            let (node, child) = one(&disk).await;
            disk.broken.set(Some(broken));
            assert!(view(&node, "counter").await.status == Status::Running);
            node.order("counter", Order::Restart).await.expect("it exists");
            eventually("a new object", async || {
                let seen = view(&node, "counter").await;
                seen.generation == 2 && seen.status == Status::Running
            })
            .await;
            assert_eq!(child.reference::<Add>().ask(Add(1)).await, Ok(1));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_host_is_replaced_and_what_was_queued_is_counted() {
    on_one_thread(async {
        let (node, child) = one(&Disk::default()).await;
        let hanging = child.reference::<HangWithBomb>();
        let hanging = tokio::task::spawn_local(async move { hanging.ask(HangWithBomb).await });
        tokio::task::yield_now().await;
        for _ in 0..3 {
            child.reference::<Add>().tell(Add(1)).expect("there is room");
        }
        node.order("counter", Order::Restart).await.expect("it exists");
        assert_eq!(hanging.await.expect("not cancelled"), Err(SendError::Interrupted));
        eventually("a new host", async || is(&node, "counter", Status::Running).await && node.is_ready()).await;
        assert_eq!(child.reference::<Add>().ask(Add(1)).await, Ok(1), "the same reference reaches the new host");
        let seen = view(&node, "counter").await;
        assert_eq!((seen.refused, seen.mailbox_depth, seen.generation), (3, 0, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn transient_and_temporary_children_stay_stopped_when_they_should() {
    on_one_thread(async {
        let mut tree = Tree::new("test");
        tree.group_with(
            "all",
            Strategy::OneForAll,
            Backoff::default(),
            Intensity { restarts_max: 3, within: Duration::from_secs(60) },
        );
        let specs = [Restart::Permanent, Restart::Transient, Restart::Temporary];
        let children =
            specs.map(|restart| tree.child(counter(&format!("{restart:?}"), &Disk::default()).restart(restart)));
        let node = tree.start().await;
        children[1].reference::<StopYourself>().ask(StopYourself).await.expect("it answers first");
        eventually("stopped", async || is(&node, "Transient", Status::Stopped).await).await;
        children[2].reference::<Fail>().ask(Fail).await.expect_err("it fails");
        eventually("failed", async || is(&node, "Temporary", Status::Failed).await).await;
        children[0].reference::<StopYourself>().ask(StopYourself).await.expect("it answers first");
        eventually("restarted", async || view(&node, "Permanent").await.generation == 2).await;
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert!(is(&node, "Transient", Status::Stopped).await && is(&node, "Temporary", Status::Failed).await);
        assert!(node.is_ready() && !node.is_degraded());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_actor_does_not_drown_in_its_own_ticks() {
    on_one_thread(async {
        let (node, child) = one(&Disk::default()).await;
        let every = Every { period: Duration::from_millis(100), work: Duration::from_secs(2) };
        child.reference::<Every>().ask(every).await.expect("it runs");
        tokio::time::sleep(Duration::from_secs(21)).await;
        let seen = view(&node, "counter").await;
        assert!(seen.mailbox_depth <= 1 && (8..=12).contains(&seen.handled), "{seen:?}");
        assert_eq!(node.dead_letters().total(), 0);
        child.reference::<Fail>().tell(Fail).expect("there is room");
        eventually("restarted", async || view(&node, "counter").await.generation == 2).await;
        let after_the_queue = view(&node, "counter").await.handled + 1;
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(view(&node, "counter").await.handled <= after_the_queue, "timers end with their generation");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn rates_are_over_the_last_minute() {
    on_one_thread(async {
        let (node, child) = one(&Disk::default()).await;
        for _ in 0..120 {
            child.reference::<Add>().ask(Add(1)).await.expect("it runs");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let rate = view(&node, "counter").await.rates.handled_per_s;
        assert!((1.8..2.2).contains(&rate), "{rate}");
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert!(view(&node, "counter").await.rates.handled_per_s < 0.1);
    })
    .await;
}
