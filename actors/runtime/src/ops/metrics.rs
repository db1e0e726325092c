//! OpenMetrics text: one registry a node; the actors' counters are read at the moment they are asked for.
//!
//! The label values are the paths and kinds of the tree, which is fixed at the start, so their number is bounded.

use std::fmt;

use actix_web::{HttpResponse, web};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use serde_json::json;

use super::OpsState;
use crate::node::{Counted, Node};
use crate::stats::Stats;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// A tree of more children is shown in part: a scrape must stay small. `actors` against `actors_shown` tells.
const ACTORS_SHOWN_MAX: usize = 500;

pub(super) fn registry(node: &Node) -> Registry {
    let mut registry = Registry::with_prefix("openstore");
    registry.register_collector(Box::new(NodeMetrics(node.clone())));
    registry
}

pub(super) async fn show(state: web::Data<OpsState>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &state.registry) {
        Ok(()) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(fmt::Error) => {
            HttpResponse::InternalServerError().json(json!({ "error": "The metrics could not be written." }))
        }
    }
}

#[derive(Debug)]
struct NodeMetrics(Node);

type Read<N> = fn(&Stats) -> N;

const GAUGES: [(&str, &str, Read<u64>); 4] = [
    ("actor_up", "1 if the actor takes messages", |stats| u64::from(stats.status().takes_messages())),
    ("actor_mailbox_depth", "Messages waiting", |stats| u64::try_from(stats.depth()).unwrap_or(u64::MAX)),
    ("actor_mailbox_oldest_age_milliseconds", "How long the oldest message has waited", |stats| {
        u64::try_from(stats.oldest_age().as_millis()).unwrap_or(u64::MAX)
    }),
    ("actor_generation", "Number of the object that lives now", Stats::generation),
];

const COUNTERS: [(&str, &str, Read<u64>); 5] = [
    ("actor_messages_accepted", "Messages taken into the mailbox", Stats::accepted),
    ("actor_messages_handled", "Messages handled to their end", Stats::handled),
    ("actor_messages_refused", "Messages that found no room or nobody", Stats::refused),
    ("actor_restarts", "Restarts, ordered ones included", Stats::restarts),
    ("actor_panics", "Panics in handlers, tasks, starting and stopping", Stats::panics),
];

impl Collector for NodeMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let node = &self.0;
        let shown = &node.counted()[..node.counted().len().min(ACTORS_SHOWN_MAX)];
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let of_node = [
            ("node_uptime_seconds", "Time since the node started", node.uptime().as_secs()),
            ("node_degraded", "1 while a group of actors is down", u64::from(node.is_degraded())),
            ("node_ready", "1 if the node may be given work", u64::from(node.is_ready())),
            ("actors", "Actors of the tree", whole(node.counted().len())),
            ("actors_shown", "Actors that have metrics here", whole(shown.len())),
        ];
        for (name, help, value) in of_node {
            one(&mut encoder, name, help, &ConstGauge::new(value))?;
        }
        one(&mut encoder, "dead_letters", "Messages not delivered", &ConstCounter::new(node.dead_letters().total()))?;
        for (name, help, read) in GAUGES {
            each(&mut encoder, name, help, shown, |stats| ConstGauge::new(read(stats)))?;
        }
        for (name, help, read) in COUNTERS {
            each(&mut encoder, name, help, shown, |stats| ConstCounter::new(read(stats)))?;
        }
        Ok(())
    }
}

fn one(encoder: &mut DescriptorEncoder, name: &str, help: &str, metric: &impl EncodeMetric) -> Result<(), fmt::Error> {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

fn each<Metric: EncodeMetric>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    children: &[Counted],
    metric: impl Fn(&Stats) -> Metric,
) -> Result<(), fmt::Error> {
    let Some(first) = children.first() else { return Ok(()) };
    let kind = metric(&first.stats).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for child in children {
        let labels = [("actor", child.path.as_str()), ("kind", child.kind)];
        metric(&child.stats).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
