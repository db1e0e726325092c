//! How figures are summed up and shown: what was measured, its limit in the same run, and the one over the other.

use std::time::Duration;

const WHAT_WIDTH: usize = 34;
const SHOWN_WIDTH: usize = 26;
const LIMIT_WIDTH: usize = 52;

pub(crate) struct Table;

impl Table {
    pub(crate) fn open() -> Table {
        let (what, shown, limit) = ("figure", "measured", "limit, measured in the same run");
        println!("{what:WHAT_WIDTH$}{shown:SHOWN_WIDTH$}{limit:LIMIT_WIDTH$}ratio");
        Table
    }

    pub(crate) fn row(&mut self, what: &str, shown: String, limit: String, ratio: f64) {
        println!("{what:WHAT_WIDTH$}{shown:SHOWN_WIDTH$}{limit:LIMIT_WIDTH$}{ratio:.2}");
    }

    /// What explains the row before it.
    pub(crate) fn note(&mut self, text: String) {
        println!("    {text}");
    }
}

/// Times of one thing, measured again and again.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn per_mille(&mut self, per_mille: usize) -> Duration {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get((self.0.len() * per_mille / 1000).min(last)).copied().unwrap_or_default()
    }

    pub(crate) fn median(&mut self) -> Duration {
        self.per_mille(500)
    }

    /// "p50 1.20, p99 3.40, longest 5.60 ms"
    pub(crate) fn spread(&mut self) -> String {
        let [half, most, all] = [500, 990, 1000].map(|at| ms(self.per_mille(at)));
        format!("p50 {half:.2}, p99 {most:.2}, longest {all:.2} ms")
    }
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1e-9)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Time that the processors have worked for this process, to ten milliseconds; zero where the system does not say.
pub(crate) fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// A number of `/proc/self/status` in MB; zero where there is no such file.
pub(crate) fn memory_mb(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()).unwrap_or_default() / 1e3
}
