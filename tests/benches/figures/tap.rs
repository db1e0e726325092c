//! What a look at a hot actor costs it: questions to a till while an operator looks at its messages, beside the same without.

use std::time::{Duration, Instant};

use till::ShowTill;

use crate::counter::Counter;
use crate::table::{Table, median, rate};

const QUESTIONS: u64 = 2_000;
const ROUNDS: usize = 41;
/// Messages a second that are shown: what an operator sees who asks for nothing else.
const SHOWN: u32 = runtime::tap::RATE;

pub(crate) async fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let counter = Counter::open(folder.path(), 10).await;
    run(&counter).await;
    let (mut alone_s, mut looked_s, mut ratios) = (vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        // In turns, so that neither is always the one after the other.
        let (alone, looked) = if round % 2 == 0 {
            let alone = run(&counter).await;
            (alone, looked_at(&counter).await)
        } else {
            let looked = looked_at(&counter).await;
            (run(&counter).await, looked)
        };
        alone_s.push(rate(QUESTIONS, alone));
        looked_s.push(rate(QUESTIONS, looked));
        ratios.push(alone.as_secs_f64() / looked.as_secs_f64());
    }
    table.row(
        "tap: questions to a till",
        format!("{:.0} /s", median(looked_s)),
        format!("nobody looks: {:.0} /s", median(alone_s)),
        median(ratios),
    );
    table.note(format!("{SHOWN} messages a second are shown, the others counted; 0.98 is the aim"));
    counter.close().await;
}

async fn run(counter: &Counter) -> Duration {
    let began = Instant::now();
    for _ in 0..QUESTIONS {
        counter.till.show.ask(ShowTill).await.expect("a view");
    }
    began.elapsed()
}

async fn looked_at(counter: &Counter) -> Duration {
    let mut seen = counter.till.node.tap("sales/till", SHOWN).expect("a till");
    let reads = actix::spawn(async move { while seen.recv().await.is_some() {} });
    let took = run(counter).await;
    reads.abort();
    took
}
