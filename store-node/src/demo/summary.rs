//! What the demonstration came to: the tills' own journals beside the head office's report.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use domain::money::Money;
use messages::v1::receipt::ReceiptKind;
use till::records;

use crate::chain::Chain;

/// Receipts read from a till at a time.
const PAGE: u64 = 500;

/// The summary, and whether the tills and the head office say the same.
pub(super) async fn of(chain: &Chain, settle_within: Duration) -> anyhow::Result<(String, bool)> {
    let settled = chain.settle(settle_within).await;
    let (mut receipts, mut net) = (0_u64, Money::ZERO);
    let mut text = format!("\n{:<12}{:>10}{:>16}{:>12}\n", "till", "receipts", "net", "journal");
    for (store, till) in chain.tills() {
        let database = &chain.till(&store, till)?.database;
        let (mut own, mut sum, mut after) = (0_u64, Money::ZERO, 0);
        loop {
            let page = records::receipts(database, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.receipt.sequence;
            for ended in page.iter().filter(|ended| ended.is_closed()) {
                own += 1;
                match ended.receipt.kind {
                    ReceiptKind::Sale => sum += ended.receipt.total,
                    ReceiptKind::Return => sum -= ended.receipt.total,
                }
            }
        }
        let journal = match records::verify_journal(database).await {
            Ok(_) => "unbroken".to_owned(),
            Err(error) => error.to_string(),
        };
        writeln!(text, "{:<12}{own:>10}{sum:>16}{journal:>12}", format!("{store}/{till}"))?;
        receipts += own;
        net += sum;
    }
    let args = BTreeMap::from([("by".to_owned(), serde_json::Value::from("till"))]);
    let rows = chain.report("sales", &args, None, None).await?.map_err(|text| anyhow::anyhow!(text))?;
    // Tills in other processes have joined in; they are not in the comparison.
    let ours: Vec<String> = chain.tills().iter().map(|(store, till)| format!("{store}/{till}")).collect();
    let (mut hq_receipts, mut hq_net) = (0_u64, Money::ZERO);
    for row in rows.as_array().into_iter().flatten() {
        let till = row["till"].as_str().unwrap_or_default();
        if ours.iter().any(|ours| ours == till) {
            hq_receipts += row["receipts"].as_u64().unwrap_or_default();
            hq_net += row["net"].as_str().unwrap_or_default().parse()?;
        }
    }
    writeln!(text, "{:<12}{receipts:>10}{net:>16}", "tills")?;
    writeln!(text, "{:<12}{hq_receipts:>10}{hq_net:>16}", "head office")?;
    let (accounts, booked) = super::accounts::of(chain).await?;
    text.push_str(&accounts);
    let same = settled.is_ok() && booked && (receipts, net) == (hq_receipts, hq_net);
    let verdict =
        if same { "The head office agrees with the tills." } else { "THE HEAD OFFICE DOES NOT AGREE WITH THE TILLS." };
    writeln!(text, "{verdict}")?;
    Ok((text, same))
}
